# needs data
cp "$DATA/video/phone_3gp5_avc.mp4" a.mp4
reprise video inspect a.mp4
