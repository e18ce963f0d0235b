mkdir pages && reprise score read pages -o out --part 3/2
