reprise score read page.png --part 1/2
