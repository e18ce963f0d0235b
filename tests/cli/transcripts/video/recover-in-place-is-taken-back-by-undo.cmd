# needs data
head -c 1200000 "$DATA/video/made_xavc_like_B.mp4" >broken.mp4
sha256sum broken.mp4 >before
reprise video recover --reference "$DATA/video/made_xavc_like_A.mp4" --in-place broken.mp4 | tail -2
ls
reprise video inspect broken.mp4 | head -1
reprise video undo broken.mp4
sha256sum --quiet -c before && ls
