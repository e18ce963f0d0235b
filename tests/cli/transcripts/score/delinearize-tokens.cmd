echo "measure time beats:3 beat-type:4 clef:G2 staff:1 D5 quarter stem:down A4 half stem:up measure F5 eighth stem:down G5 eighth stem:down rest half" >a.lmx; reprise score delinearize a.lmx
