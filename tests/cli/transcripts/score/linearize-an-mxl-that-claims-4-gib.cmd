reprise score linearize "$EXAMPLES/../fuzz/corpus/mxl/claims-4-gib.mxl"
