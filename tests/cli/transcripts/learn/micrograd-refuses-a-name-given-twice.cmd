reprise learn micrograd "x" --at x=1,x=2
