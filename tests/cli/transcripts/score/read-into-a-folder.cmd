mkdir out; reprise score read "$EXAMPLES/pages/rain.png" -o out; ls out
