reprise learn micrograd "log(x)" --at x=-1 >said; code=$?; head -1 said; exit $code
