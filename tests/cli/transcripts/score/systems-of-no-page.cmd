reprise score systems
