"""make_pages.py: makes examples/pages/ anew from examples/pieces/ (for maintainers; needs musescore3,
ffmpeg, python3-numpy).

Each piece becomes NAME.musicxml, as MuseScore writes it: the truth that a reading is compared with.
Two become pages at 300 dpi: rain.png as engraved, boat-song-print.png like a bad print that was
scanned badly: warped and skewed, ink thick here and thin there, dust and dropouts, black and white
only. Seeds are fixed: the same picture every time."""

import os
import struct
import subprocess
import tempfile
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = os.path.join(HERE, "pages")
WIDTH, HEIGHT = 2480, 3508  # A4 at 300 dpi


def musescore(*arguments):
    subprocess.run(["mscore3", "-f", *arguments], check=True, stderr=subprocess.DEVNULL,
                   env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})


def drop_date(path):
    """The same input gives the same bytes."""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if "<encoding-date>" not in line]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def engrave(name):
    """Writes pages/NAME.musicxml; returns the first page as greys (HEIGHT, WIDTH), white 255."""
    with tempfile.TemporaryDirectory() as folder:
        plain, page = os.path.join(folder, "plain.musicxml"), os.path.join(folder, "page.png")
        subprocess.run(["python3", os.path.join(HERE, "compose.py"),
                        os.path.join(HERE, "pieces", name + ".txt"), plain], check=True)
        gold = os.path.join(PAGES, name + ".musicxml")
        musescore(plain, "-o", gold)
        drop_date(gold)
        musescore("-r", "300", gold, "-o", page)
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color=white:s={WIDTH}x{HEIGHT}", "-i",
             page.replace(".png", "-1.png"), "-filter_complex", "[0][1]overlay=shortest=1",
             "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
            check=True, capture_output=True).stdout
    greys = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
    return np.clip((greys - greys.min()) * 255 / (greys.max() - greys.min()), 0, 255)


def write_png(path, greys, bits):
    """Grey PNG of 1 or 4 bits a pixel."""
    levels = np.round(greys * ((1 << bits) - 1) / 255).astype(np.uint8)
    if bits == 1:
        rows = np.packbits(levels, axis=1)
    else:
        rows = levels[:, 0::2] << 4 | levels[:, 1::2]
    lines = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n"
                  + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 0, 0, 0, 0))
                  + chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
                  + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def smooth_noise(random, cell):
    """Noise of deviation about 1 whose features are `cell` pixels wide (bilinear between knots)."""
    knots = random.standard_normal((HEIGHT // cell + 2, WIDTH // cell + 2)).astype(np.float32)
    y, x = np.arange(HEIGHT) / cell, np.arange(WIDTH) / cell
    y0, x0 = y.astype(int), x.astype(int)
    fy, fx = (y - y0)[:, None].astype(np.float32), (x - x0)[None, :].astype(np.float32)
    top = knots[y0][:, x0] * (1 - fx) + knots[y0][:, x0 + 1] * fx
    low = knots[y0 + 1][:, x0] * (1 - fx) + knots[y0 + 1][:, x0 + 1] * fx
    return top * (1 - fy) + low * fy


def blur(greys, rounds):
    for _ in range(rounds):
        for axis in (0, 1):
            greys = (np.roll(greys, 1, axis) + 2 * greys + np.roll(greys, -1, axis)) / 4
    return greys


def bad_print(greys, seed, skew_degrees):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    slope = np.tan(np.radians(skew_degrees))
    # Skew, a page that curls towards its spine, and a little wandering of the paper.
    from_y = y + slope * (x - WIDTH / 2) + 9 * np.sin(x / WIDTH * 2.6) + 2 * smooth_noise(random, 700)
    from_x = x - slope * (y - HEIGHT / 2) + 2 * smooth_noise(random, 900)
    y0 = np.clip(from_y.astype(int), 0, HEIGHT - 2)
    x0 = np.clip(from_x.astype(int), 0, WIDTH - 2)
    fy, fx = np.clip(from_y - y0, 0, 1), np.clip(from_x - x0, 0, 1)
    greys = ((greys[y0, x0] * (1 - fx) + greys[y0, x0 + 1] * fx) * (1 - fy)
             + (greys[y0 + 1, x0] * (1 - fx) + greys[y0 + 1, x0 + 1] * fx) * fy)
    greys = blur(greys, 3)
    # The press gives more ink here and less there; paper has a grain.
    greys += 16 * smooth_noise(random, 300) + 24 * smooth_noise(random, 5)
    page = np.where(greys > 166, 255.0, 0.0)
    for colour, count in ((0, 260), (255, 420)):  # dust, and places where ink did not take
        for cy, cx in zip(random.integers(6, HEIGHT - 6, count), random.integers(6, WIDTH - 6, count)):
            radius = random.integers(1, 4)
            page[cy - radius:cy + radius, cx - radius:cx + radius + random.integers(0, 3)] = colour
    return page


def main():
    os.makedirs(PAGES, exist_ok=True)
    for name in ("morning-walk", "small-march"):
        engrave(name)
    write_png(os.path.join(PAGES, "rain.png"), engrave("rain"), 4)
    write_png(os.path.join(PAGES, "boat-song-print.png"),
              bad_print(engrave("boat-song"), 20, 0.8), 1)


if __name__ == "__main__":
    main()
