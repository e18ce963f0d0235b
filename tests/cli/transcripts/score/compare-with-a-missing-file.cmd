echo "measure C4 quarter" >a.lmx; reprise score compare a.lmx none.lmx
