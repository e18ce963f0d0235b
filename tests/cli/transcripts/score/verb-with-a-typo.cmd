reprise score evalaute x
