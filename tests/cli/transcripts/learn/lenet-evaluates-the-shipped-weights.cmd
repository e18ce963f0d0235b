# needs data
for variant in 1998 modern; do
    reprise learn lenet --evaluate --variant $variant --data "$DATA/mnist" --threads 1 --json
done
