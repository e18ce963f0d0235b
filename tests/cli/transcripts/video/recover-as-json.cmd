# needs data
head -c 1200000 "$DATA/video/made_xavc_like_B.mp4" >broken.mp4
reprise video recover --json --reference "$DATA/video/made_xavc_like_A.mp4" broken.mp4 | python3 -m json.tool
