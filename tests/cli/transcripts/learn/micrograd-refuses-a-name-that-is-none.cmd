reprise learn micrograd "x" --at 'x"=1'
