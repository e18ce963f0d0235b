echo 'no music' >text.musicxml
echo '<html></html>' >page.xml
printf '<score-partwise>\n<part id="P1"><measure></part></score-partwise>\n' >cut.musicxml
echo '<score-partwise><part-list/></score-partwise>' >none.musicxml
: >empty.musicxml
for score in text.musicxml page.xml cut.musicxml none.musicxml empty.musicxml; do
    reprise score convert $score copy.musicxml; echo $?
    reprise score convert $score copy.mxl
done
ls copy.* 2>/dev/null
exit 0
