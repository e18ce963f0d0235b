mkdir -p set/samples/a && echo samples/a/p1-s1 >set/samples.train.txt && cat >set/samples/a/p1-s1.lmx <<'LMX'
measure key:fifths:0 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C5 voice:1 quarter stem:down staff:1 D5 quarter backup half C3 voice:5 half stem:up staff:2 measure E5 voice:1 half stem:down staff:1 backup half G3 voice:5 half stem:down staff:2
LMX
reprise score recompose set out -n 2 && ls out && reprise score recompose set out -n 2 --seed 9 --json && ls out && reprise score linearize out/r1-00001.musicxml | cut -c1-11
