: > gold.lmx
echo 'measure C4 quarter' > read.lmx
reprise score compare gold.lmx read.lmx --json
reprise score compare gold.lmx read.lmx
