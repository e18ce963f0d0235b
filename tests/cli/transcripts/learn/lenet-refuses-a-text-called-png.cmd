printf "not a picture" > text.png; reprise learn lenet --classify text.png
