# needs data
reprise video recover "$DATA/video/phone_3gp5_avc.mp4" -o out.mp4; code=$?; ls; exit $code
