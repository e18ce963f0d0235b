# needs data
head -c 1200000 "$DATA/video/made_xavc_like_B.mp4" >broken.mp4
reprise video inspect broken.mp4
