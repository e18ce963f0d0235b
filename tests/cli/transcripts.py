"""transcripts.py REPRISE SOURCE FOLDER...: runs the command as a user does and compares what it says.

NAME.cmd            lines for sh; `reprise` is on the PATH, $EXAMPLES is examples/, the current folder
                    is empty and thrown away. A line "# needs data" skips it where $DATA is absent;
                    "# needs PROGRAM" where that program is.
NAME.stdout.exact   standard output, byte for byte     } absent: that stream must be empty
NAME.stdout.glob    or line by line, with * ? [...]    } a line "..." stands for any number of lines
NAME.stderr.glob    standard error, likewise           }
NAME.exit           the exit status; absent: 0

Output: TAP, one test a transcript."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT_S = 120


def globs_match(patterns, lines):
    if not patterns:
        return not lines
    if patterns[0] == "...":
        return any(globs_match(patterns[1:], lines[i:]) for i in range(len(lines) + 1))
    return bool(lines) and fnmatch.fnmatchcase(lines[0], patterns[0]) and \
        globs_match(patterns[1:], lines[1:])


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def complaint(stem, stream, said):
    """None, or what differs."""
    if os.path.exists(f"{stem}.{stream}.exact"):
        wanted = read(f"{stem}.{stream}.exact")
        return None if said == wanted else f"{stream} is\n{said}\nnot\n{wanted}"
    wanted = read(f"{stem}.{stream}.glob") if os.path.exists(f"{stem}.{stream}.glob") else ""
    if globs_match(wanted.splitlines(), said.splitlines()):
        return None
    return f"{stream} is\n{said}\nand does not match\n{wanted}"


def missing(script, environment):
    for need in re.findall(r"^# needs (\S+)", script, re.MULTILINE):
        if need == "data":
            if "DATA" not in environment:
                return "no data"
        elif shutil.which(need) is None:
            return f"no {need}"
    return None


def run(stem, environment):
    """(reason to skip, list of complaints)"""
    script = read(stem + ".cmd")
    reason = missing(script, environment)
    if reason:
        return reason, []
    with tempfile.TemporaryDirectory(prefix="reprise-test-") as folder:
        try:
            done = subprocess.run(["sh", "-c", script], cwd=folder, env=environment, text=True,
                                  errors="replace", stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return None, [f"not done after {TIMEOUT_S} s"]
    wanted = int(read(stem + ".exit")) if os.path.exists(stem + ".exit") else 0
    wrong = [] if done.returncode == wanted else [f"exit status {done.returncode}, not {wanted}"]
    wrong += filter(None, (complaint(stem, "stdout", done.stdout),
                           complaint(stem, "stderr", done.stderr)))
    return None, wrong


def main():
    command, source, folders = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    data = os.environ.get("REPRISE_DATA", os.path.join(source, "..", "shared"))
    environment = {**os.environ, "EXAMPLES": os.path.join(source, "examples"), "LC_ALL": "C.UTF-8",
                   "PATH": os.path.dirname(os.path.abspath(command)) + ":" + os.environ["PATH"]}
    if os.access(data, os.R_OK):
        environment["DATA"] = os.path.abspath(data)
    stems = sorted(os.path.join(path, name)[:-4] for folder in folders
                   for path, _, names in os.walk(folder) for name in names if name.endswith(".cmd"))
    failures = 0
    for number, stem in enumerate(stems, 1):
        reason, wrong = run(stem, environment)
        failures += bool(wrong)
        for text in wrong:
            print("\n".join("# " + line for line in text.split("\n")))
        name = os.path.relpath(stem, os.path.join(source, "tests", "cli", "transcripts"))
        print(f"{'not ' if wrong else ''}ok {number} - {name}{' # SKIP ' + reason if reason else ''}",
              flush=True)
    print(f"1..{len(stems)}")
    return 1 if failures or not stems else 0


if __name__ == "__main__":
    sys.exit(main())
