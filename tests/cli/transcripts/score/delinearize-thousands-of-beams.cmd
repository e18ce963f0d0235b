{ printf 'measure C4 voice:1 eighth'; for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5; do printf ' beam:begin%.0s' 1 2 3 4 5 6 7 8 9 0; done
for i in 1 2 3 4 5 6 7 8 9; do printf ' C4 eighth%.0s' 1 2 3 4 5 6 7 8 9 0; done; echo; } > a.lmx
size=$(reprise score delinearize a.lmx 2> /dev/null | wc -c)
[ "$size" -gt 5000 ] && [ "$size" -lt 50000 ] && echo small
