"""summary.py TESTLOG.json: counts what the suite did, subtest by subtest.

A TAP program counts by its lines "ok" and "not ok"; one that died, hung or said less than it
planned counts as one more failure. Any other program counts as one. Skipped tests are neither passed
nor failed, and are named. The last line is "N passed, N failed"; the exit status is 0 without
failures."""

import json
import os
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$", re.MULTILINE)
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def count(test):
    """passed, failed, names of skipped"""
    output = test.get("stdout") or ""
    lines = TAP_LINE.findall(output)
    plan = TAP_PLAN.search(output)
    if not plan and not lines:
        if test["result"] == "SKIP":
            return 0, 0, [test["name"]]
        return (1, 0, []) if test["result"] in GOOD else (0, 1, [])
    skipped = [rest for bad, rest in lines if not bad and "# SKIP" in rest]
    failed = sum(1 for bad, _ in lines if bad)
    passed = len(lines) - failed - len(skipped)
    is_whole = plan and int(plan.group(1)) == len(lines)
    if not is_whole or (test["result"] not in GOOD and failed == 0):
        failed += 1
    return passed, failed, [f"{test['name']}:{rest.replace(' - ', ' ', 1)}" for rest in skipped]


def main():
    passed = failed = 0
    skipped, bad = [], []
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            good, wrong, left_out = count(test)
            passed, failed = passed + good, failed + wrong
            skipped += left_out
            if wrong:
                bad.append(f"{test['name']} ({test['result']})")
    for name in skipped:
        print("skipped:", name)
    for name in bad:
        print("failed:", name)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    data = os.environ.get("REPRISE_DATA", os.path.join(root, "..", "shared"))
    if os.access(data, os.R_OK):
        print(f"The wider tests ran too, with the data in {os.path.normpath(data)}.")
    else:
        print("The wider tests did not run: no data (REPRISE_DATA=DIR, or ../shared).")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
