reprise video recover none.mp4
