reprise score systems "$EXAMPLES/pages/rain.png" --page 2 -o out.png; code=$?; ls; exit $code
