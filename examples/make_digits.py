"""Draws examples/digits: hand-like digits as ink on white, chalk on a board, a photograph in bad light.

usage: make_digits.py FOLDER
Strokes are polylines of our own; the rest is arithmetic, so the pictures are the same every time."""
import math
import random
import struct
import sys
import zlib

STROKES = {
    2: [[(70, 80), (85, 52), (120, 42), (150, 60), (152, 92), (125, 130), (90, 165), (66, 190),
         (110, 186), (160, 190)]],
    4: [[(120, 40), (95, 85), (68, 130), (110, 128), (165, 124)], [(138, 70), (136, 130), (132, 200)]],
    7: [[(62, 55), (110, 50), (160, 52), (140, 95), (118, 145), (102, 200)]],
}


def distance(x, y, a, b):
    along = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    t = min(1, max(0, ((x - a[0]) * (b[0] - a[0]) + (y - a[1]) * (b[1] - a[1])) / along))
    return math.hypot(x - a[0] - t * (b[0] - a[0]), y - a[1] - t * (b[1] - a[1]))


def draw(path, digit, light, ink, noise, pen):
    width, height = 230, 240
    rows, random_numbers = bytearray(), random.Random(digit)
    for y in range(height):
        rows.append(0)
        for x in range(width):
            near = min(distance(x, y, a, b) for stroke in STROKES[digit]
                       for a, b in zip(stroke, stroke[1:]))
            share = min(1, max(0, pen - near + 0.5))
            paper = light(x / width, y / height)
            grey = paper + share * (ink(paper) - paper) + random_numbers.gauss(0, noise)
            rows.append(int(min(255, max(0, grey))))
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)),
                           (b'IDAT', zlib.compress(bytes(rows), 9)), (b'IEND', b'')):
            file.write(struct.pack('>I', len(data)) + kind + data +
                       struct.pack('>I', zlib.crc32(kind + data)))


folder = sys.argv[1]
draw(f'{folder}/two-ink.png', 2, lambda x, y: 255, lambda paper: 0, 0, 7)
draw(f'{folder}/four-chalk.png', 4, lambda x, y: 45 + 10 * x, lambda paper: 225, 4, 8)
draw(f'{folder}/seven-photographed.png', 7, lambda x, y: 70 + 130 * (x + y) / 2,
     lambda paper: paper * 0.35, 3, 8)
