"""The published network, trained and read with, here and in PyTorch, in one run.

usage: zeus.py BENCH_ZEUS REPRISE [quick]
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
QUICK = len(sys.argv) > 3


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
read_row('1', 'one system')
read_row('16', 'a batch of 16')
page_row()
