reprise score systems "$EXAMPLES/pages/rain.png" --width 9
