cp "$EXAMPLES/pages/rain.png" .; echo mine > rain.musicxml; reprise score read rain.png; code=$?; grep -q mine rain.musicxml && exit $code
