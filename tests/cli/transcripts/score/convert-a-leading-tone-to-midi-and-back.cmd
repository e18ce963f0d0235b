echo 'measure key:fifths:0 time beats:4 beat-type:4 clef:G2 A4 voice:1 quarter G4 quarter sharp E4 quarter A4 quarter' > a.lmx
reprise score convert a.lmx a.mid && reprise score convert a.mid b.lmx && cat b.lmx
