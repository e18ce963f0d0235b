printf '<score-partwise>\n\377\376</score-partwise>' >a.musicxml; reprise score linearize a.musicxml
