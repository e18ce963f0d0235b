echo "not a picture" >text.png; reprise score systems text.png -o out.png; code=$?; ls; exit $code
