reprise learn batchnorm --json
