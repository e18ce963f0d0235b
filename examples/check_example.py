"""check_example.py PROGRAM PATTERN ARGUMENT...: runs an example; it must succeed, say a line that
matches, and be under 40 lines of source. Exit 77, skipped, where a file that it reads is not here."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("REPRISE_DATA", os.path.join(HERE, "..", "..", "shared"))

program, pattern = sys.argv[1], sys.argv[2]
arguments = [os.path.join(DATA, word[5:]) if word.startswith("data:") else word
             for word in sys.argv[3:]]
source = os.path.basename(program).replace("example_", "", 1) + ".c"
with open(os.path.join(HERE, source), encoding="utf-8") as file:
    lines = len(file.readlines())
for argument in arguments:
    if argument.endswith((".safetensors", ".mp4")) and not os.path.exists(argument):
        print(argument, "is not here")
        sys.exit(77)
said = subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
if not re.search(pattern, said, re.MULTILINE):
    sys.exit(f"{source} says\n{said}\nand nothing like {pattern}")
if lines >= 40:
    sys.exit(f"{source} has {lines} lines")
