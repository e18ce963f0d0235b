echo "measure C4 quarter" >a.lmx; reprise score delinearize a.lmx
