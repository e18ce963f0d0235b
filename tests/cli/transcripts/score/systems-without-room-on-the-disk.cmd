reprise score systems "$EXAMPLES/pages/rain.png" -o /none/out.png
