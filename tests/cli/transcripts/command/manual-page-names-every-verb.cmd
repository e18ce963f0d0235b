# Each verb of the help has its section in the manual page.
reprise --man >manual
reprise help | awk '/^  [a-z]/ {print $1, $2}' | while read wing verb; do
    grep -q "^.SS reprise $wing $verb " manual || grep -q "^.SS reprise $wing " manual || echo "no $wing $verb"
done
