reprise score train /none --configuration zues
