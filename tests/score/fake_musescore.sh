#!/bin/sh
# fake_musescore.sh: stands for mscore3 in the tests of bad input: mscore3 -f -r DPI -j FOLDER/job.json
# The score's first word says what it does; FAKE_OUTPUTS holds the files of a good run.
folder=$(dirname "$5")
read -r what rest < "$folder"/in.mscx
case $what in
good) cp "$FAKE_OUTPUTS"/out* "$folder" ;;
hang) exec sleep 60 ;;
crash) kill -SEGV $$ ;;
silent) exit 0 ;;
unreadable) printf 'Cannot read file in.mscx:\nNot a score at all.\n' >&2; exit 1 ;;
nopiano) cp "$FAKE_OUTPUTS"/out* "$folder"
    sed -e 's/Piano/Violin/g' -e 's/<staves>2/<staves>1/' "$FAKE_OUTPUTS"/out.musicxml > "$folder"/out.musicxml ;;
odd) cp "$FAKE_OUTPUTS"/out* "$folder"
    sed -e '/class="Bracket"/d' "$FAKE_OUTPUTS"/out.svg > "$folder"/out.svg ;;
esac
