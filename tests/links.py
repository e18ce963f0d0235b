"""links.py [ROOT]: every relative link of a document leads to a file of the tree.

Output: TAP, one test a document."""

import glob
import os
import re
import sys

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    documents = sorted(glob.glob(os.path.join(root, "*.md"))
                       + glob.glob(os.path.join(root, "docs", "**", "*.md"), recursive=True)
                       + glob.glob(os.path.join(root, "examples", "**", "*.md"), recursive=True)
                       + glob.glob(os.path.join(root, "models", "*.md")))
    failures = 0
    for number, document in enumerate(documents, 1):
        with open(document, encoding="utf-8") as file:
            links = LINK.findall(CODE.sub("", file.read()))
        dead = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))
                and not os.path.exists(os.path.join(os.path.dirname(document), link))]
        for link in dead:
            print(f"# {link} is not there")
        failures += bool(dead)
        print(f"{'not ' if dead else ''}ok {number} - links of {os.path.relpath(document, root)}")
    print(f"1..{len(documents)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
