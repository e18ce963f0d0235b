# needs bash
reprise --completion bash >completion
bash -c '. ./completion; COMP_WORDS=(reprise --ver); COMP_CWORD=1; _reprise; echo "$COMPREPLY"'
