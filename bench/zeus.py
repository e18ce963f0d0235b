"""The published network, trained and read with, here and in PyTorch, in one run.

usage: zeus.py BENCH_ZEUS REPRISE DATA [quick]
DATA: a data set in the OLiMPiC layout, for the rows about whole epochs; left out where it is not.
Rows are ratios: ours over PyTorch's best of as it comes and with the allocator tuned.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

TUNED = {'MALLOC_MMAP_THRESHOLD_': '4000000000', 'MALLOC_TRIM_THRESHOLD_': '8000000000',
         'MALLOC_TOP_PAD_': '268435456'}
HERE = os.path.dirname(os.path.abspath(__file__))
OURS = [sys.argv[1]]
PEER = ['/usr/bin/python3', os.path.join(HERE, 'zeus_torch.py')]
REPRISE = sys.argv[2]
DATA = sys.argv[3]
QUICK = len(sys.argv) > 4


def run(command, words, extra=None):
    done = subprocess.run(command + words, env={**os.environ, **(extra or {})},
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def step_rows():
    for batch in ('8', '32'):
        for kind in ('f32', 'bf16'):
            if QUICK and (batch, kind) != ('8', 'bf16'):
                continue
            ours = run(OURS, ['step', batch, kind, '3'])
            peers = [run(PEER, ['step', batch, kind, '2'], extra) for extra in (None, TUNED)]
            plain, tuned = (p['systems_per_second'] for p in peers)
            mine = ours['systems_per_second']
            print(f'step of zeus, batch {batch}, {kind}: {mine:.2f} systems/s; PyTorch '
                  f'{plain:.2f} as it comes, {tuned:.2f} tuned; ratio {mine / max(plain, tuned):.2f} '
                  f'(peak {ours["peak_mb"]:.0f} MB beside '
                  f'{min(p["peak_mb"] for p in peers):.0f} MB; asked: 4096 at batch 32); '
                  f'{100 * ours["product_share"]:.0f} % of it in convolutions and products outside '
                  f'the recurrent rows; {ours["new_tensors"]} tensors allocated after the first '
                  'steps', flush=True)


def epoch_row():
    """Steps over batches that are unpacked and augmented, beside the same batches in memory."""
    ours = run(OURS, ['epoch', '8', 'bf16', '24', DATA])
    live, kept = ours['systems_per_second'], ours['kept_systems_per_second']
    print(f'whole epochs of zeus, batch 8, bf16, loading and augmentation: {live:.2f} systems/s; '
          f'{100 * live / kept:.0f} % of {kept:.2f} with the batches in memory (asked: 90 %)',
          flush=True)


def training_row():
    """The command as users run it, best report of a minute: loading is over, all else is in it."""
    with tempfile.TemporaryDirectory() as folder:
        words = [REPRISE, 'score', 'train', DATA, '-o', folder, '-t', '2', '--limit', '1600',
                 '--epochs', '1.5', '--rate', '1e-5', '--augment', 'print,published',
                 '--evaluate-limit', '1', '-c', 'level']
        subprocess.run(words, check=True, capture_output=True)
        with open(os.path.join(folder, 'log.jsonl'), encoding='utf-8') as lines:
            best = max(json.loads(line).get('systems_per_second', 0) for line in lines)
    print(f'training level, the command with all that it does: {best:.1f} systems/s (asked of a '
          'cheaper encoder: 40)', flush=True)


def read_row(batch, what):
    ours = min((run(OURS, ['read', batch, kind, '272', '5']) for kind in ('f32', 'bf16')),
               key=lambda r: r['milliseconds'])
    peers = [run(PEER, ['read', batch, kind, '272', '3'], extra)
             for kind in ('f32', 'bf16') for extra in (None, TUNED)]
    best, mine = min(p['milliseconds'] for p in peers), ours['milliseconds']
    print(f'reading {what} with zeus: {mine:.1f} ms ({1e3 * int(batch) / mine:.1f} systems/s); '
          f'PyTorch {best:.1f} ms; ratio {best / mine:.2f} (peak {ours["peak_mb"]:.0f} MB beside '
          f'{min(p["peak_mb"] for p in peers):.0f} MB)', flush=True)


def page_row():
    """A page of five systems, image to MusicXML, the start of the process in it."""
    page = os.path.join(HERE, '..', 'examples', 'pages', 'rain.png')
    with tempfile.TemporaryDirectory() as folder:
        words = [REPRISE, 'score', 'read', page, '-o', os.path.join(folder, 'rain.musicxml')]
        best = 1e9
        for _ in range(5):
            started = time.time()
            subprocess.run(words, check=True, capture_output=True)
            best = min(best, time.time() - started)
    print(f'reading a page of 5 systems with the shipped network: {best:.2f} s (asked: 0.4 s)',
          flush=True)


try:
    subprocess.run(PEER[:1] + ['-c', 'import torch'], check=True, capture_output=True)
except (OSError, subprocess.CalledProcessError):
    print('PyTorch is not installed: apt-get install python3-torch libopenblas0-pthread')
    sys.exit(77)
step_rows()
if os.path.isdir(DATA):
    epoch_row()
    training_row()
else:
    print(f'whole epochs: left out, {DATA} is not here', flush=True)
read_row('1', 'one system')
read_row('16', 'a batch of 16')
page_row()
