echo '<score-timewise><part-list/><measure number="1"><part id="P1"/></measure></score-timewise>' >a.musicxml
reprise score convert a.musicxml b.mxl && reprise score convert b.mxl c.musicxml && cmp a.musicxml c.musicxml
reprise score convert a.musicxml a.mid
