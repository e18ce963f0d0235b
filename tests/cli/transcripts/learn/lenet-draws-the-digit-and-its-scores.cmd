reprise learn lenet --classify "$EXAMPLES/digits/four-chalk.png" --variant 1998
