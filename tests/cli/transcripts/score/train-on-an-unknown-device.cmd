reprise score train /none -o run --device tpu
