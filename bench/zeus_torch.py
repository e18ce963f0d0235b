"""The published network in PyTorch, timed: the peer of bench_zeus.c.

usage: zeus_torch.py step BATCH f32|bf16 STEPS | zeus_torch.py read BATCH f32|bf16 TOKENS ROUNDS
Written to be fast on a CPU: channels last, one product a gate set, two threads, autocast for bf16.
"""
import contextlib
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEIGHT, TOKENS, V, U = 864, 192, 272, 225, 192


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = None
        if stride == 2:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                                          nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class Zeus(nn.Module):
    def __init__(self):
        super().__init__()
        layers, inputs = [nn.Conv2d(1, 32, 3, 1, 1, bias=False)], 32
        for outputs in (32, 64, 128, 192):
            layers += [Block(inputs, outputs, 2), Block(outputs, outputs, 1)]
            inputs = outputs
        self.convolutions = nn.Sequential(*layers)
        self.lstm1 = nn.LSTM(12 * 192, U, bidirectional=True, batch_first=True)
        self.lstm2 = nn.LSTM(U, U, bidirectional=True, batch_first=True)
        self.keys, self.query = nn.Linear(U, U), nn.Linear(2 * U, U)
        self.score = nn.Linear(U, 1)
        self.embedding = nn.Embedding(V, U)
        self.gates_x = nn.Linear(U, 4 * U)
        self.gates = nn.Linear(2 * U, 4 * U, bias=False)
        self.output = nn.Linear(U, V)

    def encode(self, images):
        x = self.convolutions(images)
        b, c, h, w = x.shape
        x = F.dropout(x.permute(0, 3, 2, 1).reshape(b, w, h * c), 0.2, self.training)
        y = self.lstm1(x)[0]
        y = F.dropout(y[..., :U] + y[..., U:], 0.2, self.training)
        z = self.lstm2(y)[0]
        return F.dropout(z[..., :U] + z[..., U:], 0.2, self.training) + y

    def step(self, x, h, c, enc, keys):
        q = self.query(torch.cat([h, c], 1))
        alpha = self.score(torch.tanh(keys + q[:, None])).squeeze(2).softmax(1)
        context = torch.bmm(alpha[:, None], enc).squeeze(1)
        i, f, g, o = (x + self.gates(torch.cat([context, h], 1))).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def forward(self, images, inputs):
        enc = self.encode(images)
        keys = self.keys(enc)
        x = self.gates_x(self.embedding(inputs)).unbind(1)
        h = c = torch.zeros(len(images), U, dtype=enc.dtype, device=enc.device)
        out = []
        for token in x:
            h, c = self.step(token, h, c, enc, keys)
            out.append(h)
        return self.output(torch.stack(out, 1))


def precision(kind):
    if kind == 'bf16':
        return torch.autocast('cpu', dtype=torch.bfloat16)
    return contextlib.nullcontext()


def images_of(batch):
    x = (torch.rand(batch, 1, HEIGHT, WIDTH) < 0.1).float()
    return x.contiguous(memory_format=torch.channels_last)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def time_step(batch, kind, steps):
    net = Zeus().to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    images, ids = images_of(batch), torch.randint(V, (batch, TOKENS))
    best = 1e9
    for i in range(steps + 1):
        started = time.time()
        adam.zero_grad(set_to_none=True)
        with precision(kind):
            logits = net(images, ids)
            loss = F.cross_entropy(logits.float().reshape(-1, V), ids.reshape(-1))
        loss.backward()
        adam.step()
        if i > 0:
            best = min(best, time.time() - started)
    return {'systems_per_second': batch / best, 'peak_mb': peak()}


@torch.no_grad()
def time_read(batch, kind, tokens, rounds):
    net = Zeus().to(memory_format=torch.channels_last).eval()
    images, best = images_of(batch), 1e9
    for i in range(rounds + 1):
        started = time.time()
        with precision(kind):
            enc = net.encode(images)
            keys = net.keys(enc)
            h = c = torch.zeros(batch, U, dtype=enc.dtype)
            token = torch.zeros(batch, dtype=torch.long)
            for _ in range(tokens):
                h, c = net.step(net.gates_x(net.embedding(token)), h, c, enc, keys)
                token = net.output(h).argmax(1)
        if i > 0:
            best = min(best, time.time() - started)
    return {'milliseconds': best * 1e3, 'peak_mb': peak()}


if __name__ == '__main__':
    torch.set_num_threads(2)
    if sys.argv[1] == 'step':
        print(json.dumps(time_step(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
    else:
        print(json.dumps(time_read(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]),
                                   int(sys.argv[5]))))
