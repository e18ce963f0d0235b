echo "not a film" >a.mp4; reprise video recover a.mp4 -o b.mp4; code=$?; ls; exit $code
