# needs data
# needs mkfs.exfat
truncate -s 16M card.img
mkfs.exfat card.img >/dev/null
dd if="$DATA/video/made_xavc_like_B.mp4" of=card.img bs=4096 seek=2048 conv=notrunc status=none
sha256sum card.img >before
reprise video carve card.img -o out
sha256sum --quiet -c before
cmp -n 2214458 out/*.mp4 "$DATA/video/made_xavc_like_B.mp4" && ls out | wc -l
