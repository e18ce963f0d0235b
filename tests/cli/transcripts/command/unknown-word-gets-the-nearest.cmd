reprise hepl
