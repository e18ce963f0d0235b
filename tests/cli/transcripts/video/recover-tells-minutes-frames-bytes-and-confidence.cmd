# needs data
head -c 1200000 "$DATA/video/made_xavc_like_B.mp4" >broken.mp4
reprise video recover --reference "$DATA/video/made_xavc_like_A.mp4" broken.mp4 -o film.mp4
