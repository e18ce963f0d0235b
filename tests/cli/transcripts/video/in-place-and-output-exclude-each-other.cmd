reprise video recover --in-place -o b.mp4 a.mp4
