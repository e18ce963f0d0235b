reprise --version >/dev/full
