CUDA_VISIBLE_DEVICES= reprise learn lenet --data . --device cuda
