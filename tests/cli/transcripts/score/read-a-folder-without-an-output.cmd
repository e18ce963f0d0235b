mkdir pages && reprise score read pages
