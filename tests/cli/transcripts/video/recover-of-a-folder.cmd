mkdir a; reprise video recover a -o b.mp4; code=$?; ls; exit $code
