printf "MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\1\0" >a.mid; reprise score convert a.mid a.lmx
