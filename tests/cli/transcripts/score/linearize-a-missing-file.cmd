reprise score linearize none.musicxml
