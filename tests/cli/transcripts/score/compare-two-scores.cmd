echo "measure C4 quarter D4 quarter" >a.lmx; echo "measure C4 quarter E4 quarter" >b.lmx; reprise score compare a.lmx b.lmx; reprise score compare a.lmx a.lmx
