reprise learn micrograd "x + * 2" --at x=1
