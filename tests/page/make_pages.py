#!/usr/bin/env python3
"""Engraves scores of the dev split as pages with the exact boxes of their piano systems.

    tests/page/make_pages.py ../shared/lieder-dev OUT [COUNT]

For each of COUNT (40) scores, spread over the list, MuseScore writes PNG and SVG; the systems come
from the SVG: five StaffLines are a staff, two staves inside a piano brace a system. OUT holds
SCORE-PAGE.png and .json (the layout of scans-dev/pages: systems with left, top, right, bottom in px
of the PNG). test_systems_data finds them through REPRISE_PAGES=OUT.
"""
import json, os, re, struct, subprocess, sys, tarfile, tempfile

NUMBER = re.compile(r'-?\d+(?:\.\d+)?(?:e-?\d+)?')
BRACE_TOP = -99.6  # the plain brace's path runs from here to 0, before its matrix


def engrave(source, stem):
    env = dict(os.environ, QT_QPA_PLATFORM='offscreen')
    for kind in ('png', 'svg'):
        subprocess.run(['nice', '-n', '15', 'mscore3', '-f', '-o', stem + '.' + kind, source],
                       env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def brace_range(path):
    """Top and bottom of a brace, in px of the SVG."""
    matrix = re.search(r'matrix\(([^)]*)\)', path)
    if matrix:
        numbers = [float(n) for n in NUMBER.findall(matrix.group(1))]
        return numbers[5] + BRACE_TOP * numbers[3], numbers[5]
    drawn = re.search(r' d="([^"]*)"', path).group(1)
    heights = [float(n) for n in NUMBER.findall(drawn)][1::2]
    return min(heights), max(heights)


def systems_of(svg):
    lines = [[float(n) for n in NUMBER.findall(points)] for points in
             re.findall(r'class="StaffLines"[^>]*points="([^"]*)"', svg)]
    assert len(lines) % 5 == 0, len(lines)
    width = float(re.findall(r'class="StaffLines"[^>]*stroke-width="([^"]*)"', svg)[0]) if lines else 0
    staves = [(min(l[0] for l in five), five[0][1] - width / 2, max(l[2] for l in five),
               five[4][1] + width / 2)
              for five in (lines[i:i + 5] for i in range(0, len(lines), 5))]
    systems = []
    for path in re.findall(r'<path class="Bracket"[^>]*>', svg):
        if path.count('C') < 8:
            continue  # a straight bracket of voices
        top, bottom = brace_range(path)
        inside = [s for s in staves if top - 5 <= (s[1] + s[3]) / 2 <= bottom + 5]
        if len(inside) != 2:
            print('  a brace over', len(inside), 'staves is left out', file=sys.stderr)
            continue
        systems.append((min(s[0] for s in inside), min(s[1] for s in inside),
                        max(s[2] for s in inside), max(s[3] for s in inside)))
    return sorted(systems, key=lambda s: s[1])


def write_page(png, svg, stem):
    with open(png, 'rb') as file:
        data = file.read()
    width, height = struct.unpack('>II', data[16:24])
    with open(svg, encoding='utf-8') as file:
        text = file.read()
    scale = width / float(re.search(r'viewBox="0 0 ([\d.]+)', text).group(1))
    boxes = [[round(v * scale) for v in system] for system in systems_of(text)]
    with open(stem + '.png', 'wb') as file:
        file.write(data)
    with open(stem + '.json', 'w', encoding='utf-8') as file:
        json.dump({'image': os.path.basename(stem) + '.png', 'width': width, 'height': height,
                   'systems': [dict(zip(('left', 'top', 'right', 'bottom'), b)) for b in boxes]},
                  file, indent=1)
    return len(boxes)


def main():
    source, out = sys.argv[1], sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    with open(os.path.join(source, 'scores.txt'), encoding='utf-8') as file:
        scores = [line.rstrip('\n').split('\t') for line in file]
    chosen = [scores[i * len(scores) // count] for i in range(min(count, len(scores)))]
    os.makedirs(out, exist_ok=True)
    archive = tarfile.open(os.path.join(source, 'lieder-dev.tgz'))
    for name, path in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            plain = os.path.join(scratch, 'score' + os.path.splitext(path)[1])
            with open(plain, 'wb') as file:
                file.write(archive.extractfile(path).read())
            engrave(plain, os.path.join(scratch, 'p'))
            pages = sorted(f for f in os.listdir(scratch) if f.endswith('.png'))
            total = sum(write_page(os.path.join(scratch, page),
                                   os.path.join(scratch, page[:-4] + '.svg'),
                                   os.path.join(out, name + '-' + page[2:-4])) for page in pages)
            print(name, len(pages), 'pages', total, 'systems')


if __name__ == '__main__':
    main()
