# needs fish
reprise --completion fish >completion; fish -n completion
