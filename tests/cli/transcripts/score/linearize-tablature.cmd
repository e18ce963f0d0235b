cat >a.musicxml <<'XML'
<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1"><measure number="7">
<attributes>
<clef><sign>TAB</sign><line>5</line></clef></attributes>
</measure></part></score-partwise>
XML
reprise score linearize a.musicxml
