reprise score systems none.png; code=$?; ls; exit $code
