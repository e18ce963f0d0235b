reprise learn batchnorm
