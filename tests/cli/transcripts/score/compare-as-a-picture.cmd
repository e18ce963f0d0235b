# needs mscore3
echo "measure C4 quarter D4 quarter" >a.lmx; echo "measure C4 quarter E4 quarter" >b.lmx; reprise score compare a.lmx b.lmx --picture both.png && head -c 4 both.png | tail -c 3 && echo
