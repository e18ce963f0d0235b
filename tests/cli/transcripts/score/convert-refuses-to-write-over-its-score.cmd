cp "$EXAMPLES/pages/rain.musicxml" a.musicxml; reprise score convert a.musicxml ./a.musicxml; code=$?; cmp a.musicxml "$EXAMPLES/pages/rain.musicxml" && exit $code
