reprise >a; for word in help --help -h; do reprise $word >b; cmp a b; done
