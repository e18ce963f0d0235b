for page in rain boat-song-print; do
    reprise score systems "$EXAMPLES/pages/$page.png" -o $page.png && head -c 4 $page.png | tail -c 3 && echo
done
