cp /dev/stdin a.lmx <<'END'
measure key:fifths:0 time beats:4 beat-type:4 clef:G2 C4 voice:1 16th 6in4 tuplet:start D4 16th 6in4 E4 16th 6in4 tuplet:stop F4 eighth rest quarter rest half
END
reprise score convert a.lmx a.musicxml && reprise score linearize a.musicxml
