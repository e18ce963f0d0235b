# needs groff
reprise --man | groff -man -Tutf8 -ww -z
