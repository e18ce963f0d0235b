"""How fast recovering is, beside one read(2) pass over the same file, cp, and the bars of issue 12.

usage: video.py VIDEO_MAKER REPRISE FOLDER [--keep]
Makes recordings of 1 GB and a sparse one of 13 GB in FOLDER (3 GB of disk), all at 95 Mbit/s and
without index, and recovers them. The files are in the page cache; the best of several rounds, in
which the peers take turns. Scans: processor time, which on a quiet machine is the time by the
clock, with a saved profile, less what `reprise --version` needs to start. The rest: by the clock.
Peak memory: of the whole process, mapped pages included.
"""
import os
import subprocess
import sys
import time

ROUNDS = 5
GB = 10 ** 9
BUFFER = 1 << 20


def read_pass(path):
    """Processor seconds of one read(2) pass."""
    buffer = bytearray(BUFFER)
    file = os.open(path, os.O_RDONLY)
    began = time.process_time()
    while os.readv(file, [buffer]) > 0:
        pass
    took = time.process_time() - began
    os.close(file)
    return took


def run(*command):
    """Seconds of one run by the clock and of the processor, and its peak memory in MB."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = child.stdout.read().decode() + child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode > 1:
        sys.exit(f"{' '.join(command)}: {text}")
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(what, seconds, peer_name, peer_seconds, most):
    ratio = seconds / peer_seconds
    print(f"{what:51} {seconds:7.3f} s   {peer_name} {peer_seconds:7.3f} s   ratio {ratio:5.2f}   "
          f"bar {most:4.2f}   {'held' if ratio <= most else 'MISSED'}", flush=True)


def row_of_bar(what, value, unit, most):
    print(f"{what:51} {value:7.2f} {unit}   bar {most:g} {unit}   "
          f"{'held' if value <= most else 'MISSED'}", flush=True)


class Bench:
    def __init__(self, maker, reprise, folder):
        self.maker, self.reprise, self.folder = maker, reprise, folder
        self.broken, self.reference = os.path.join(folder, "broken.mp4"), None

    def make(self, clip, size, form):
        self.reference = os.path.join(self.folder, "reference.mp4")
        done = subprocess.run([self.maker, clip, str(size), form, self.folder], check=False)
        if done.returncode == 1:
            sys.exit(77)  # no encoder: skipped
        if done.returncode:
            sys.exit("video_maker failed")

    def recover(self, *more):
        return run(self.reprise, "video", "recover", "--reference", self.reference, self.broken, *more)

    def scan(self, what, clip, form, most):
        """The scan beside a pass."""
        self.make(clip, GB, form)
        profile = os.path.join(self.folder, "camera.profile")
        self.recover("--save-profile", profile)
        self.reference = profile
        passes, starts, scans, memory = [], [], [], 0
        for _ in range(ROUNDS):
            passes.append(read_pass(self.broken))
            starts.append(run(self.reprise, "--version")[1])
            _, took, used = self.recover()
            scans.append(took)
            memory = max(memory, used)
        row(what, min(scans) - min(starts), "read(2)", min(passes), most)
        row_of_bar(what + ", peak memory", memory, "MB", 64)

    def copy(self):
        """The whole recovery of the file made last beside cp."""
        output, copies, recoveries = os.path.join(self.folder, "output.mp4"), [], []
        for _ in range(ROUNDS):
            for took, command in ((copies, ("cp", self.broken, output)),
                                  (recoveries, (self.reprise, "video", "recover", "--reference",
                                                self.reference, self.broken, "-o", output))):
                if os.path.exists(output):
                    os.remove(output)
                os.sync()  # what the one leaves to be written does not slow the other
                took.append(run(*command)[0])
        os.remove(output)
        row("long GOP, 1 GB, with copy", min(recoveries), "cp     ", min(copies), 1.1)

    def in_place(self):
        """13 GB: what patching the file adds to looking, and how much memory it takes."""
        self.make("sony-h264", 13 * GB, "sparse")
        profile = os.path.join(self.folder, "camera.profile")
        self.recover("--save-profile", profile)
        self.reference = profile
        looking, _, memory = min(self.recover() for _ in range(2))
        whole, _, memory_in_place = self.recover("--in-place")
        print(f"{'13 GB, scan alone':51} {looking:7.3f} s")
        row_of_bar("13 GB, in place after the scan", max(0, whole - looking), "s", 2)
        row_of_bar("13 GB, peak memory", max(memory, memory_in_place), "MB", 64)
        undoing = run(self.reprise, "video", "undo", self.broken)[0]
        print(f"{'13 GB, undo':51} {undoing:7.3f} s")


def main():
    maker, reprise, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    os.environ.setdefault("REPRISE_CLIPS", folder)
    bench = Bench(maker, reprise, folder)
    try:
        bench.scan("noise, 1 GB, every byte is looked at", "sony-h264", "noise", 2)
        bench.scan("all-intra + 4x24-bit PCM, 1 GB, scan", "sony-h264-intra", "full", 1)
        bench.scan("long GOP + PCM + rtmd, 1 GB, scan", "sony-h264", "full", 1)
        bench.copy()
        bench.in_place()
    finally:
        for name in ("broken.mp4", "reference.mp4", "output.mp4", "broken.mp4.undo",
                     "camera.profile"):
            path = os.path.join(folder, name)
            if os.path.exists(path) and "--keep" not in sys.argv:
                os.remove(path)


if __name__ == "__main__":
    main()
