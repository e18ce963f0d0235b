reprise score linearize "$EXAMPLES/../fuzz/corpus/mxl/outside.mxl"
