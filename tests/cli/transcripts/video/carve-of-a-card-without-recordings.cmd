reprise video carve "$EXAMPLES/../fuzz/corpus/volume/exfat.img" -o out
