cat >a.musicxml <<'XML'
<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1"><measure number="7">
<attributes>
<divisions>0</divisions></attributes>
</measure></part></score-partwise>
XML
reprise score linearize a.musicxml
