#!/usr/bin/env python3
"""held_back.py - what fine-tuning gains on prints that a model has not seen.

Usage: held_back.py REPRISE DATA OUT [--epochs N] [--passes N] [--rate R] [--augment LIST]

DATA: the OLiMPiC-like data set (docs/DATA.md). A third of the training composers is held back: all
are ranked by their number of systems (composers.tsv says who wrote which score) and every third
from the second on is left out, with all his or her scores. Three runs, each resumable:
  base      from nothing on the other two thirds, --epochs of them
  own       from base on every second score of the composers held back, --passes over them
  control   from base on the two thirds again, as many steps, the same schedule
Then all three read the other scores of the composers held back, and the development split's first
300 systems, greedily. Prints a line a model, as JSON. Takes two hours on two cores.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIGURATION = 'level'
LIGHT = 'rotate=0.1,v=0.12,de=0.25,c=0.25,b=0.25,stretch=0.3,size=0.1,offset=0.08,margin=0.2'


def score_of(name):
    return name.split('/')[1]


def read_composers():
    with open(os.path.join(HERE, 'composers.tsv'), encoding='utf-8') as lines:
        rows = (line.rstrip('\n').split('\t') for line in lines)
        return {score: composer for composer, scores in rows for score in scores.split()}


def split(names):
    """Sample names of the two thirds, of the own prints, and of those to be read."""
    composer = read_composers()
    systems = collections.Counter(composer[score_of(name)] for name in names)
    ranked = sorted(systems, key=lambda who: (-systems[who], who))
    held = set(ranked[1::3])
    scores = sorted({score_of(n) for n in names if composer[score_of(n)] in held})
    own = set(scores[::2])
    parts = ([], [], [])
    for name in names:
        score = score_of(name)
        parts[0 if composer[score] not in held else 1 if score in own else 2].append(name)
    print(f'{len(ranked)} composers, {len(held)} held back; {len(parts[0])} systems of the others, '
          f'{len(parts[1])} to fine-tune on, {len(parts[2])} to read', file=sys.stderr)
    return parts


def make_set(data, folder, train, dev):
    """A data set of links to DATA's shards with lists of its own."""
    os.makedirs(folder, exist_ok=True)
    for shard in sorted(os.listdir(data)):
        link = os.path.join(folder, shard)
        if shard.startswith('train') and shard.endswith('.tgz') and not os.path.islink(link):
            os.symlink(os.path.join(os.path.abspath(data), shard), link)
    with open(os.path.join(data, 'measures.train.txt'), encoding='utf-8') as lines:
        measures = {line.split(None, 1)[0]: line for line in lines}
    for part, names in (('train', train), ('dev', dev)):
        with open(os.path.join(folder, f'samples.{part}.txt'), 'w', encoding='utf-8') as out:
            out.writelines(f'{name}\n' for name in names)
        with open(os.path.join(folder, f'measures.{part}.txt'), 'w', encoding='utf-8') as out:
            out.writelines(measures[name] for name in names if name in measures)


def train(options, data, name, epochs, rate, init=None):
    """Trains unless it is done; goes on where it was left. Returns the weights' path."""
    folder = os.path.join(options.out, name)
    done = os.path.join(folder, 'done')
    if not os.path.exists(done):
        words = [options.reprise, 'score', 'train', data, '-o', folder, '-e', str(epochs),
                 '--rate', str(rate), '--augment', options.augment, '--evaluate-limit', '96',
                 '--evaluate-minutes', '60']
        words += ['--init', init] if init else ['-c', CONFIGURATION]
        if os.path.exists(os.path.join(folder, 'checkpoint.safetensors')):
            words.append('--resume')
        subprocess.run(words, check=True)
        with open(done, 'w', encoding='utf-8'):
            pass
    return os.path.join(folder, 'model.safetensors')


def evaluate(options, data, model, limit):
    words = [options.reprise, 'score', 'evaluate', data, '-s', 'dev', '-m', model, '--json']
    words += ['-n', str(limit)] if limit else []
    read = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return {key: read[key] for key in ('ser', 'ser_no_tuplets', 'tedn_lmx', 'onset_f1', 'systems')}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reprise')
    parser.add_argument('data')
    parser.add_argument('out')
    parser.add_argument('--epochs', type=float, default=20)
    parser.add_argument('--passes', type=float, default=4)
    parser.add_argument('--rate', type=float, default=5e-4)
    parser.add_argument('--augment', default=LIGHT)
    options = parser.parse_args()
    with open(os.path.join(options.data, 'samples.train.txt'), encoding='utf-8') as lines:
        others, own, unseen = split(lines.read().split())
    sets = {name: os.path.join(options.out, f'set-{name}') for name in ('others', 'own')}
    make_set(options.data, sets['others'], others, unseen)
    make_set(options.data, sets['own'], own, unseen)
    base = train(options, sets['others'], 'base', options.epochs, 2e-3)
    models = {'base': base,
              'own': train(options, sets['own'], 'own', options.passes, options.rate, base),
              'control': train(options, sets['others'], 'control',
                               options.passes * len(own) / len(others), options.rate, base)}
    for name, model in models.items():
        print(json.dumps({'model': name,
                          'composers_held_back': evaluate(options, sets['own'], model, 0),
                          'dev': evaluate(options, options.data, model, 300)}), flush=True)


main()
