"""function_length.py [ROOT]: no function has more than 80 lines or more than 8 parameters.

What fits a screen fits the mind. Six parameters are the aim; the inner loops of a kernel may take two
more (sizes and strides), and functions that do are counted. The code is laid out by clang-format, so a function's body begins
on a line of column 0 whose text ends in ") {" and ends with "}" in column 0; a head may span lines.
Output: TAP, one test a folder; the longest function and the median are told."""

import os
import re
import sys

LINES_MAX, PARAMETERS_MAX, PARAMETERS_AIM = 80, 8, 6
FOLDERS = ("src", "include", "tests", "fuzz", "bench", "examples")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'")


def blank(match):
    """The same number of lines without the contents."""
    return "\n" * match.group().count("\n")


def parameters(head):
    inner = head[head.index("(") + 1:head.rindex(")")]
    depth, count = 0, 1 if inner.strip() not in ("", "void") else 0
    for letter in inner:
        depth += letter in "([{"
        depth -= letter in ")]}"
        count += letter == "," and depth == 0
    return count


def functions(path):
    """Yields (name, first line, lines, parameters)."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    text = COMMENT.sub(blank, TEXT.sub('""', text))
    head, start, is_inside = "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if is_inside:
            if line.startswith("}"):
                name = re.search(r"(\w+)\s*\(", head)
                yield name.group(1), start, number - start + 1, parameters(head)
                head, is_inside = "", False
            continue
        if line.startswith(("#", "}")) or not line.strip():
            head = ""
            continue
        if not head:
            start = number
        head += line + " "
        bare = head.rstrip()
        if bare.endswith("{"):
            is_inside = bare.endswith(") {") and "=" not in bare.split("(")[0]
            head = head if is_inside else "skip "
        elif bare.endswith((";", "}", ",")) and bare.count("(") == bare.count(")"):
            head = ""


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    failures, lengths, crowded = 0, [], 0
    for number, folder in enumerate(FOLDERS, 1):
        wrong = False
        for path, _, names in sorted(os.walk(os.path.join(root, folder))):
            for name in sorted(n for n in names if n.endswith((".c", ".h", ".cu", ".inc"))):
                where = os.path.join(path, name)
                for function, line, lines, count in functions(where):
                    lengths.append((lines, function))
                    crowded += count > PARAMETERS_AIM
                    if lines > LINES_MAX or count > PARAMETERS_MAX:
                        wrong = True
                        print(f"# {where}:{line}: {function}: {lines} lines, {count} parameters")
        failures += wrong
        print(f"{'not ' if wrong else ''}ok {number} - functions of {folder} have at most "
              f"{LINES_MAX} lines and {PARAMETERS_MAX} parameters")
    lengths.sort()
    if lengths:
        print(f"# {len(lengths)} functions, median {lengths[len(lengths) // 2][0]} lines, "
              f"longest {lengths[-1][0]} ({lengths[-1][1]}), "
              f"{crowded} with more than {PARAMETERS_AIM} parameters")
    print(f"1..{len(FOLDERS)}")
    return 1 if failures or not lengths else 0


if __name__ == "__main__":
    sys.exit(main())
