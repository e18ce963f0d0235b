reprise learn lenet --data . --variant 2098
