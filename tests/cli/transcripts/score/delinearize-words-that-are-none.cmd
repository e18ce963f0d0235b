echo "measure C4 hello quarter" >a.lmx; reprise score delinearize a.lmx -o a.musicxml; ls
