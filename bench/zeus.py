"""The published network, trained and read with, here and in PyTorch, in one run.

usage: zeus.py BENCH_ZEUS [quick]
Rows are ratios: ours over PyTorch's best of as it comes and with the allocator tuned.
"""
import json
import os
import subprocess
import sys

TUNED = {'MALLOC_MMAP_THRESHOLD_': '4000000000', 'MALLOC_TRIM_THRESHOLD_': '8000000000',
         'MALLOC_TOP_PAD_': '268435456'}
HERE = os.path.dirname(os.path.abspath(__file__))
OURS = [sys.argv[1]]
PEER = ['/usr/bin/python3', os.path.join(HERE, 'zeus_torch.py')]
QUICK = len(sys.argv) > 2


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
                  f'{min(p["peak_mb"] for p in peers):.0f} MB)', flush=True)


def read_row():
    ours = min((run(OURS, ['read', kind, '272', '5']) for kind in ('f32', 'bf16')),
               key=lambda r: r['milliseconds'])
    peers = [run(PEER, ['read', kind, '272', '3'], extra)
             for kind in ('f32', 'bf16') for extra in (None, TUNED)]
    best = min(p['milliseconds'] for p in peers)
    print(f'reading one system with zeus: {ours["milliseconds"]:.1f} ms; PyTorch {best:.1f} ms; '
          f'ratio {best / ours["milliseconds"]:.2f} (peak {ours["peak_mb"]:.0f} MB beside '
          f'{min(p["peak_mb"] for p in peers):.0f} MB)', flush=True)


try:
    subprocess.run(PEER[:1] + ['-c', 'import torch'], check=True, capture_output=True)
except (OSError, subprocess.CalledProcessError):
    print('PyTorch is not installed: apt-get install python3-torch libopenblas0-pthread')
    sys.exit(77)
step_rows()
read_row()
