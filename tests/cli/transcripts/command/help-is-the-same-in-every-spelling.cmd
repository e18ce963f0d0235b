reprise >a; for words in help --help -h 'help help' 'help --help'; do reprise $words >b; cmp a b; done
