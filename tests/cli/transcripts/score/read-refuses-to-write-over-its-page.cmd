printf music > page.png; ln -s page.png link.png; reprise score read page.png -o link.png; code=$?; cat page.png >/dev/null && grep -q music page.png && exit $code
