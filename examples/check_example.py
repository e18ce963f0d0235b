"""check_example.py PROGRAM PATTERN ARGUMENT...: runs an example; it must succeed, say a line that
matches, and be under 40 lines of source."""

import os
import re
import subprocess
import sys

program, pattern, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
source = os.path.basename(program).replace("example_", "", 1) + ".c"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), source), encoding="utf-8") as file:
    lines = len(file.readlines())
said = subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
if not re.search(pattern, said, re.MULTILINE):
    sys.exit(f"{source} says\n{said}\nand nothing like {pattern}")
if lines >= 40:
    sys.exit(f"{source} has {lines} lines")
