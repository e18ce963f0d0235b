echo "measure C4 quarter" >a.lmx; reprise score compare a.lmx a.lmx --json --flavor lmx
