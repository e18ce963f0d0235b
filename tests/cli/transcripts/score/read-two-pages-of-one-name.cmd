mkdir a b out; touch a/p.png b/p.jpg; reprise score read a/p.png b/p.jpg -o out
