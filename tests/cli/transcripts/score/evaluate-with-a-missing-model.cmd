reprise score evaluate /none --model none.safetensors
