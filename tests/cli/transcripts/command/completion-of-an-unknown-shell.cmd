reprise --completion csh
