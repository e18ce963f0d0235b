"""layers.py [ROOT]: reads every #include against the table of rooms in docs/ARCHITECTURE.md.

    src/ROOM/...          itself, what its row allows, reprise/...
    include/reprise/...   reprise/... only
    examples/...          reprise/... only: they show what a user of the library has
A quoted or angled include that names a folder of src/ or reprise/ is ours; others are the system's.
An include of ours must name its room ("music/lmx.h", never "lmx.h"), so that the arrow is seen.
Output: TAP, one test a room."""

import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| \d \|.*\| ([^|]*) \|$", re.MULTILINE)


def table(root):
    with open(os.path.join(root, "docs", "ARCHITECTURE.md"), encoding="utf-8") as page:
        rows = ROW.findall(page.read())
    return {room: set(re.findall(r"\w+", allowed)) - {"nothing"} for room, allowed in rows}


def sources(folder):
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith((".c", ".h", ".def", ".cu", ".inc")):
                yield os.path.join(path, name)


def complaints(path, rooms, allowed):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for mark, target in INCLUDE.findall(text):
        room = target.split("/")[0] if "/" in target else None
        if room in rooms or room == "reprise":
            if room not in allowed:
                yield f"{path} includes {target}"
        elif mark == '"':
            yield f'{path} includes "{target}", which names no room'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    rooms = table(root)
    folders = set(os.listdir(os.path.join(root, "src")))
    checks = [(f"src/{room}", rooms[room] | {room, "reprise"}) for room in sorted(rooms)]
    checks += [("include/reprise", {"reprise"}), ("examples", {"reprise"})]
    failures = 0
    for number, (folder, allowed) in enumerate(checks, 1):
        wrong = [line for path in sources(os.path.join(root, folder))
                 for line in complaints(path, rooms, allowed)]
        for line in wrong:
            print("#", line)
        failures += bool(wrong)
        names = ", ".join(sorted(allowed))
        print(f"{'not ' if wrong else ''}ok {number} - {folder} includes only {names}")
    strangers = {f for f in folders if os.path.isdir(os.path.join(root, "src", f))} - set(rooms)
    if strangers:
        print("# no row in the table for", ", ".join(sorted(strangers)))
    print(f"{'not ' if strangers else ''}ok {len(checks) + 1} - every folder of src/ has its row")
    with open(os.path.join(root, "include", "reprise", "meson.build"), encoding="utf-8") as listed:
        text = listed.read()
    unlisted = [name for name in sorted(os.listdir(os.path.join(root, "include", "reprise")))
                if name.endswith(".h") and f"'{name}'" not in text]
    if unlisted:
        print("# include/reprise/meson.build does not list", ", ".join(unlisted))
    print(f"{'not ' if unlisted else ''}ok {len(checks) + 2} - every public header is installed")
    print(f"1..{len(checks) + 2}")
    return 1 if failures or strangers or unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
