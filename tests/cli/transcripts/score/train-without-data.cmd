reprise score train /none -o run
