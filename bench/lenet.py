"""The modern LeNet, trained and asked, here and in PyTorch, in one run; and the data sets' times.

usage: lenet.py BENCH_LENET REPRISE [DATA]
With DATA/mnist: the time to 99 % on the test digits, and one pass of the net of 1998."""
import json
import os
import subprocess
import sys
import time

HERE = '/usr/bin/python3'
PEER = '''
import json, sys, time, torch
from torch import nn
what, threads, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
layers, before = [], 1
for maps, pool in ((16, True), (32, True), (48, True), (64, False)):
    layers += [nn.Conv2d(before, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU()]
    layers += [nn.MaxPool2d(2)] if pool else []
    before = maps
net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(576, 10)).to(memory_format=torch.channels_last)
best = 1e9
if what == 'learn':
    x, labels = torch.rand(64, 1, 28, 28), torch.randint(10, (64,))
    adam = torch.optim.Adam(net.parameters(), 0.001)
    for round in range(4):
        start = time.perf_counter()
        for step in range(3 if round == 0 else count):
            adam.zero_grad()
            nn.functional.cross_entropy(net(x), labels).backward()
            adam.step()
        if round > 0:
            best = min(best, (time.perf_counter() - start) / count)
    print(json.dumps({'images_per_second': 64 / best, 'pass_s': best * 60000 / 64}))
else:
    net.eval()
    x = torch.randint(256, (count, 1, 28, 28), dtype=torch.uint8)
    with torch.inference_mode():
        for round in range(4):
            start = time.perf_counter()
            for first in range(0, count, 250):
                net(x[first:first + 250].float() / 255)
            if round > 0:
                best = min(best, time.perf_counter() - start)
    print(json.dumps({'milliseconds': best * 1e3}))
'''


def run(command):
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def row(name, value, target=''):
    print(f'learn/lenet  {name:52} {value:10.2f}  {target}', flush=True)


def data_rows(mnist):
    start, seconds = time.perf_counter(), None
    train = subprocess.Popen([sys.argv[2], 'learn', 'lenet', '--data', mnist, '--threads', '2',
                              '--json'], stdout=subprocess.PIPE, text=True)
    for line in train.stdout:
        if json.loads(line)['test_error'] <= 1:
            seconds = time.perf_counter() - start
            break
    train.kill()
    row('modern: s to 99 % of the test digits', seconds if seconds else float('nan'))
    line = subprocess.run([sys.argv[2], 'learn', 'lenet', '--data', mnist, '--variant', '1998',
                           '--passes', '2', '--json'], capture_output=True, text=True).stdout
    seconds = [json.loads(pass_)['seconds'] for pass_ in line.splitlines()]
    row('1998: s for 20 passes (from the first two)', seconds[0] + 19 * seconds[1], '<= 180')


ours = run([sys.argv[1], 'learn', '2', '100'])
row('modern: s a training pass, batch 64, two threads', ours['pass_s'])
asked = run([sys.argv[1], 'ask', '1', '10000'])
row('modern: ms for 10,000 digits, one core', asked['milliseconds'], '<= 150')
try:
    subprocess.run([HERE, '-c', 'import torch'], check=True, capture_output=True)
    peer = run([HERE, '-c', PEER, 'learn', '2', '50'])
    row('the same pass in PyTorch, s', peer['pass_s'])
    row('times faster', peer['pass_s'] / ours['pass_s'], '>= 5')
    peer = run([HERE, '-c', PEER, 'ask', '1', '10000'])
    row('the same digits in PyTorch, ms', peer['milliseconds'])
    row('times faster', peer['milliseconds'] / asked['milliseconds'], '>= 5')
except (OSError, subprocess.CalledProcessError):
    print('PyTorch is not installed: apt-get install python3-torch libopenblas0-pthread')
if len(sys.argv) > 3 and os.path.isdir(os.path.join(sys.argv[3], 'mnist')):
    data_rows(os.path.join(sys.argv[3], 'mnist'))
