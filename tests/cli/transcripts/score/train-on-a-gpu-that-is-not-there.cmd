CUDA_VISIBLE_DEVICES= reprise score train /none -o run --device cuda
