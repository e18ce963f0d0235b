#!/usr/bin/env python3
"""Training on several processes: the same as on one with the same batch, to rounding.

    ranks.py REPRISE HAS_MPI FOLDER

Draws a data set of twelve small images, trains six steps of batch 4 with 1, 2 and 4 processes
(f32) and compares the weights; then resumes on another number, and lets one process die. TAP.
"""
import array
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

reprise, has_mpi, folder = sys.argv[1], sys.argv[2] == "true", sys.argv[3]
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
          "--mca", "mpi_yield_when_idle", "1"]


def png(path, width, height, rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data)
                  + chunk(b"IEND", b""))


def make_set():
    draw = random.Random(5)
    names = [f"s{i}" for i in range(12)]
    edges = []
    for i, name in enumerate(names):
        width, height = 140 + 8 * i, 96
        rows = [[0 if 20 <= y <= 36 and y % 4 == 0 or 56 <= y <= 72 and y % 4 == 0 else 255
                 for x in range(width)] for y in range(height)]
        for x in range(40, width - 10, 30):
            top = draw.randrange(14, 74)
            for y in range(top, top + 4):
                rows[y][x:x + 6] = [0] * 6
        png(f"{folder}/set/{name}.png", width, height, rows)
        with open(f"{folder}/set/{name}.lmx", "w") as label:
            label.write("measure C4 voice:1 quarter measure D4 voice:1 half\n" if i % 2
                        else "measure E4 voice:1 whole\n")
        right = width * 256 // height  # px of the image at 256 px height
        edges.append(f"{name} 0 {right // 2} {right}" if i % 2 else f"{name} 0 {right}")
    for split in ("train", "dev"):
        with open(f"{folder}/set/samples.{split}.txt", "w") as out:
            out.write("\n".join(names) + "\n")
    with open(f"{folder}/set/measures.train.txt", "w") as out:
        out.write("\n".join(edges) + "\n")


def train(output, processes, *more, wait=True):
    words = [reprise, "score", "train", f"{folder}/set", "-o", f"{folder}/{output}", "--f32", "-t",
             "1", "--batch", "4", "--evaluate-limit", "1", "--rate", "1e-3", *more]
    if processes > 1:
        words = MPIRUN + ["-n", str(processes)] + words
    # Open MPI leaves memory behind, in plugins that it has unloaded: LeakSanitizer cannot name it.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + (":detect_leaks=0" if processes > 1 else "")
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env={**os.environ, "ASAN_OPTIONS": sanitizer})
    return (run.communicate(timeout=120)[0], run.returncode) if wait else run


def checkpoint(output):
    with open(f"{folder}/{output}/checkpoint.safetensors", "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size)), file.read()


def weights(output):
    table, data = checkpoint(output)
    values = {}
    for name, row in table.items():
        is_statistic = name.endswith((".mean", ".variance"))  # of a size of its own
        if name != "__metadata__" and not name.startswith("optimiser.") and not is_statistic:
            first, last = row["data_offsets"]
            values[name] = array.array("f", data[first:last])
    return values


def apart(a, b):
    """Root mean square of the difference of two sets of weights."""
    total = count = 0
    for name in a:
        total += sum((x - y) ** 2 for x, y in zip(a[name], b[name]))
        count += len(a[name])
    return (total / count) ** 0.5


number = 0


def check(good, what):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {what}", flush=True)


def main():
    if not has_mpi or shutil.which("mpirun") is None:
        print("1..0 # SKIP built without MPI, or no mpirun")
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/set")
    make_set()
    print("1..6")
    said, code = train("start", 1, "--epochs", "0.3", "--augment", "")
    start = weights("start")
    said, code = train("one", 1, "--epochs", "2")
    one = weights("one")
    moved = apart(start, one)
    check(code == 0 and moved > 1e-5, f"one process trains: weights move by {moved:.2e}")
    # From nothing, Adam's first step goes the full rate whichever sign rounding gives to a gradient
    # of nearly nothing: what is compared goes on from one checkpoint, whose moments are settled.
    further = {}
    for processes in (1, 2, 4):
        output = f"of{processes}"
        shutil.copytree(f"{folder}/one", f"{folder}/{output}")
        said, code = train(output, processes, "--epochs", "4", "--resume")
        further[processes] = weights(output)
        if processes == 1:
            moved = apart(one, further[1])
            continue
        off = apart(further[1], further[processes]) if code == 0 else 1
        if code != 0:
            print("# " + said.replace("\n", "\n# "))
        check(code == 0 and off < 0.005 * moved,
              f"{processes} processes: weights differ by {off:.2e}, {100 * off / moved:.2f} %")
    for output, before, after in (("single", 1, 1), ("mixed", 2, 4)):
        train(output, before, "--epochs", "1")
        said, code = train(output, after, "--epochs", "2", "--resume")
    off = apart(weights("single"), weights("mixed")) if code == 0 else 1
    check(code == 0 and off < 0.005 * moved,
          f"two processes, then four: {off:.2e} from one, then one, {100 * off / moved:.2f} %")
    run = train("killed", 2, "--epochs", "4000", "--checkpoint-minutes", "0.001", wait=False)
    until = time.time() + 60
    while not os.path.exists(f"{folder}/killed/checkpoint.safetensors") and time.time() < until:
        time.sleep(0.1)
    victims = subprocess.run(["pgrep", "-f", f"{folder}/killed"], stdout=subprocess.PIPE,
                             text=True).stdout.split()
    victims = [int(v) for v in victims if int(v) != run.pid]
    os.kill(victims[-1] if victims else run.pid, signal.SIGKILL)
    try:
        said, code = run.communicate(timeout=60)[0], run.returncode
    except subprocess.TimeoutExpired:
        run.kill()
        said, code = "it went on", 0
    check(code != 0 and "signal 9" in said, "a process that dies ends the run, and it is said")
    before = int(checkpoint("killed")[0]["__metadata__"]["step"])
    epochs = str((before + 3) / 3)  # three steps an epoch
    said, code = train("killed", 1, "--epochs", epochs, "--resume")
    after = int(checkpoint("killed")[0]["__metadata__"]["step"]) if code == 0 else 0
    check(after == before + 3, f"its checkpoint resumes on one process: step {before} to {after}")


main()
