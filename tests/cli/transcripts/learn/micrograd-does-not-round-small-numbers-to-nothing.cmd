reprise learn micrograd 'exp(-x)' --at x=20
