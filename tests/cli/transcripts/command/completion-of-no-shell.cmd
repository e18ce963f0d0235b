reprise --completion
