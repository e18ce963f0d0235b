reprise learn micrograd --order 99
