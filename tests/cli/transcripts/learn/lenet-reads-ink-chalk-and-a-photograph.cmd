for picture in two-ink four-chalk seven-photographed; do
    reprise learn lenet --classify "$EXAMPLES/digits/$picture.png" --threads 1 | grep '^>'
done
