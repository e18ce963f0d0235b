reprise learn micrograd | head -6
