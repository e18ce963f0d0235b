reprise learn batchnorm --data nowhere --json -o nowhere/curves.png
