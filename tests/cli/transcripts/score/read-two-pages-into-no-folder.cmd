touch p.png q.png; reprise score read p.png q.png -o nowhere
