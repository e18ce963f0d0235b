"""The moons demo beside a plain Python translation of it, in the same run.

usage: moons.py BENCH_MOONS
The translation keeps micrograd's design: an object a node, a closure a backward step, a recursive
topological sort. Two of its 100 steps are timed; the graph is the same at every step.
"""
import json
import math
import random
import subprocess
import sys
import time


class Value:
    __slots__ = ('data', 'grad', 'parents', 'push')

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.push = data, 0.0, parents, None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad
        out.push = push
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def push():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out.push = push
        return out

    def relu(self):
        out = Value(max(0.0, self.data), (self,))

        def push():
            self.grad += out.grad if out.data > 0 else 0.0
        out.push = push
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            if node.push:
                node.push()


def main():
    draw = random.Random(1)
    sizes = [2, 16, 16, 1]
    weights = [[[Value(draw.uniform(-1, 1)) for _ in range(i + 1)] for _ in range(o)]
               for i, o in zip(sizes, sizes[1:])]
    parameters = [p for layer in weights for neuron in layer for p in neuron]
    points = []
    for k in range(100):
        t = math.pi * (k // 2) / 49
        inner = k % 2
        points.append(((1 - math.cos(t)) if inner else math.cos(t),
                       (0.5 - math.sin(t)) if inner else math.sin(t), 2 * inner - 1))
    sys.setrecursionlimit(10000)

    def step(rate):
        losses = Value(0.0)
        for x0, x1, label in points:
            x = [Value(x0), Value(x1)]
            for depth, layer in enumerate(weights):
                y = []
                for neuron in layer:
                    total = neuron[-1]
                    for w, xi in zip(neuron, x):
                        total = total + w * xi
                    y.append(total.relu() if depth < 2 else total)
                x = y
            losses = losses + (x[0] * Value(-label) + Value(1.0)).relu()
        decay = Value(0.0)
        for p in parameters:
            decay = decay + p * p
        loss = losses * Value(0.01) + decay * Value(1e-4)
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data -= rate * p.grad

    step(0.1)
    start = time.process_time()
    step(0.1)
    step(0.1)
    python_ms = (time.process_time() - start) / 2 * 100 * 1e3
    ours = json.loads(subprocess.run([sys.argv[1]], capture_output=True, check=True).stdout)
    for name, value, target in [('100 moons steps, ms', ours['demo_ms'], '<= 25'),
                                ('the same in plain Python, ms', python_ms, ''),
                                ('times faster', python_ms / ours['demo_ms'], '>= 5000'),
                                ('record, forward, backward, ns a node', ours['record_ns'], '<= 3'),
                                ('replay, both sweeps, ns a node', ours['replay_ns'], '<= 1.5')]:
        print(f'learn/scalar  {name:40} {value:12.2f}  {target}')


main()
