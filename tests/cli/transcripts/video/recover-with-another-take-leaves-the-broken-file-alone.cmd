# needs data
head -c 1200000 "$DATA/video/made_xavc_like_B.mp4" >broken.mp4
sha256sum broken.mp4 >before
reprise video recover --reference "$DATA/video/made_xavc_like_A.mp4" broken.mp4 -o film.mp4 >report || code=$?
sha256sum --quiet -c before && ls film.mp4 && reprise video inspect film.mp4 | head -1
