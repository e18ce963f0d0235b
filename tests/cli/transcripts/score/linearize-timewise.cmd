cat >a.musicxml <<'XML'

<score-timewise></score-timewise>
XML
reprise score linearize a.musicxml
