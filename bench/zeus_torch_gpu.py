"""A training step of the published network in PyTorch on a GPU: the peer of `bench_zeus step .. cuda`.

usage: zeus_torch_gpu.py BATCH STEPS
The net is zeus_torch.py's. Three ways, and the best counts: as it comes; encoder and decoder step
through torch.compile; the same with the whole step (forward, backward, Adam) as one CUDA graph.
"""
import json
import sys
import time

import torch
from torch.nn import functional as F

from zeus_torch import TOKENS, V, Zeus, images_of

SIZE, STEPS = int(sys.argv[1]), int(sys.argv[2])


def make(compiled):
    torch.manual_seed(1)
    net = Zeus().to(memory_format=torch.channels_last).cuda()
    if compiled:
        net.encode = torch.compile(net.encode)
        net.step = torch.compile(net.step)
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True, capturable=True)
    images = images_of(SIZE).cuda().contiguous(memory_format=torch.channels_last)
    ids = torch.randint(V, (SIZE, TOKENS), device='cuda')

    def step():
        adam.zero_grad(set_to_none=False)
        with torch.autocast('cuda', dtype=torch.bfloat16):
            loss = F.cross_entropy(net(images, ids).float().reshape(-1, V), ids.reshape(-1))
        loss.backward()
        adam.step()
    return step


def best_seconds(step):
    best = 1e9
    for _ in range(STEPS):
        torch.cuda.synchronize()
        started = time.time()
        step()
        torch.cuda.synchronize()
        best = min(best, time.time() - started)
    return best


def warm(step):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(4):
            step()
    torch.cuda.current_stream().wait_stream(side)


def graphed(step):
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def main():
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    found = {}
    for name, compiled, as_graph in (('eager', False, False), ('eager, graph', False, True),
                                     ('compiled', True, False), ('compiled, graph', True, True)):
        try:
            step = make(compiled)
            warm(step)
            found[name] = SIZE / best_seconds(graphed(step) if as_graph else step)
        except Exception as why:  # a way that does not work is not the best one
            print(f'PyTorch, {name}: {str(why).splitlines()[0]}', file=sys.stderr)
    print(json.dumps({'systems_per_second': max(found.values()), 'ways': found}))


main()
