mkdir -p set/samples/a && echo samples/a/p1-s1 >set/samples.train.txt && echo measure C4 quarter >set/samples/a/p1-s1.lmx
reprise score recompose set out; reprise score recompose set out -n 0; reprise score recompose set out -s dev; test ! -e out
