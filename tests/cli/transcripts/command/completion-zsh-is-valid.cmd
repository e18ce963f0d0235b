# needs zsh
reprise --completion zsh >completion; zsh -n completion
