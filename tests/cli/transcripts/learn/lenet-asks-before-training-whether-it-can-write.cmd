{ printf '\0\0\10\3\0\0\0\100\0\0\0\34\0\0\0\34'; head -c 50176 /dev/zero; } > train-images-idx3-ubyte
{ printf '\0\0\10\1\0\0\0\100'; head -c 64 /dev/zero; } > train-labels-idx1-ubyte
cp train-images-idx3-ubyte t10k-images-idx3-ubyte; cp train-labels-idx1-ubyte t10k-labels-idx1-ubyte
reprise learn lenet --data . --variant 1998 --passes 1 -o nowhere/net
