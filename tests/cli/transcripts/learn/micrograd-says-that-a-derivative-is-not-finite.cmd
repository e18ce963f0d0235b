reprise learn micrograd "sqrt(x)" --at x=0 >said; code=$?; cat said; exit $code
