touch p.png p.jpg; mkdir q; reprise score read p.png q/../p.jpg
