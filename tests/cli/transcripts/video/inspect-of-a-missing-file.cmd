reprise video inspect none
