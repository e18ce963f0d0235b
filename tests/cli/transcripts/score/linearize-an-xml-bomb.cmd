cat >a.musicxml <<'XML'
<!DOCTYPE a [
<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;">
]>
<score-partwise>&b;</score-partwise>
XML
reprise score linearize a.musicxml
