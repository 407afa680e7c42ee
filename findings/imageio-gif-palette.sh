#!/bin/sh
# imageio shows frames of a GIF in the colours of another frame's palette, and makes Pillow do so, too, in the same program.
#
# Who meets it: whoever takes pictures out of animated GIFs with imageio, of which the first frame has a palette of its own and the
# next ones share the global one. gifsicle writes such a file when it joins a title and a film (both by Pillow) with -O1.
# Guess before the run: each frame has the colours of its local palette, or of the global one if it has none; that is the format's
# definition (https://www.w3.org/Graphics/GIF/spec-gif89a.txt, sections 19 and 21), and imageio says that it applies the palette.
# Seen (imageio 2.38.1, Pillow 13.0.0): the numbers of the later frames are looked up in the first frame's palette, until a frame
# comes that has a palette of its own. There is no warning. Pillow alone, OpenCV 5.0.0.93, libvips 8.18.7, FFmpeg (av 18.1.0) and
# the definition by hand agree with each other. The other way round (first global, then local) imageio is right.
# Why: to read a GIF, imageio sets Pillow's LOADING_STRATEGY to RGB_AFTER_DIFFERENT_PALETTE_ONLY, in which Pillow only asks
# whether a frame has a local palette, not whether it is another than the one in use (its handbook has that setting for files with
# "only a global palette"). imageio does not set it back. So after any GIF was read by imageio, Pillow itself, which was right
# before, has the wrong colours, and np.asarray of a second frame, which was RGB, is numbers of a palette.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet imageio==2.38.1 pillow==13.0.0 opencv-python-headless==5.0.0.93 pyvips==3.2.0 \
    pyvips-binary==8.18.7 av==18.1.0 numpy==2.4.6
command -v gifsicle >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends gifsicle; } >/dev/null
gifsicle --version | head -n 1
cd "$folder"
"$folder/venv/bin/python" -W error - 2>log <<'P' || { cat log; exit 1; }
import io
import struct
import subprocess

import av
import cv2
import imageio.v3
import numpy as np
import pyvips
from PIL import Image

A = [(200, 30, 30), (250, 220, 40), (120, 10, 90), (255, 255, 255)]
B = [(10, 60, 200), (20, 150, 90), (0, 0, 0), (180, 210, 250)]
C = [(90, 90, 90), (30, 200, 200), (240, 120, 0), (60, 20, 10)]


def gif(whole, frames):
    """Opaque frames [height, width] of numbers 0 to 3, each with its palette or None; `whole` is the global palette."""
    def colours(palette):
        return bytes(v for colour in palette for v in colour)

    def packed(numbers):
        # Codes of 3 bits: with a clear code (4) before every second number they never get longer. 5 is the end.
        codes = [code for i, n in enumerate(numbers) for code in (([4] if i % 2 == 0 else []) + [int(n)])] + [5]
        bits = "".join(format(code, "03b")[::-1] for code in codes)
        data = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
        return b"\2" + b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255)) + b"\0"

    height, width = frames[0][0].shape
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xf1, 0, 0) + colours(whole)
    for numbers, palette in frames:
        out += b"\x21\xf9\4\4\12\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0x81 if palette else 0)
        out += (colours(palette) if palette else b"") + packed(numbers.ravel())
    return out + b";"


def by_pillow(data):
    picture, shown = Image.open(io.BytesIO(data)), []
    for number in range(picture.n_frames):
        picture.seek(number)
        shown.append(np.asarray(picture.convert("RGB")))
    return np.array(shown)


def by_imageio(data):
    return imageio.v3.imread(data, extension=".gif", index=...)[..., :3]


def by_opencv(data):
    return np.array([frame[..., 2::-1] for frame in cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[1]])


def by_libvips(data):
    picture = pyvips.Image.gifload_buffer(data, n=-1)
    return picture.numpy()[..., :3].reshape(-1, picture.get("page-height"), picture.width, 3)


def by_ffmpeg(data):
    with av.open(io.BytesIO(data)) as file:
        return np.array([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def wrong(found, right):
    return [bool((a != b).any()) for a, b in zip(found, right, strict=True)]


numbers = np.random.default_rng(0).integers(0, 4, (5, 6, 7))
files = {}
for name, palettes, later in [
    ("one palette", [None] * 5, []),
    ("global, then local", [None, B, C, None, B], []),
    ("local, then local, then global", [B, C, None, None, C], []),
    ("local, then global", [B, None, None, None, None], [1, 2, 3, 4]),
    ("local, then global, then local", [B, None, None, C, None], [1, 2]),
]:
    right = np.array([np.uint8(palette or A)[n] for n, palette in zip(numbers, palettes)])
    files[name] = gif(A, list(zip(numbers, palettes))), right, [i in later for i in range(5)]

# A whole chain: a title and a film of other colours, both by Pillow, joined by gifsicle.
y, x = np.indices((40, 40))
title = Image.fromarray(np.dstack([x * 6, y * 6, x * 0 + 128]).astype(np.uint8)).quantize(200)
film = [np.dstack([x * 3 + i * 9, 255 - y * 5, (x + y) * 3]).astype(np.uint8) for i in range(4)]
common = Image.fromarray(np.hstack(film)).quantize(200)
film = [Image.fromarray(picture).quantize(palette=common, dither=Image.Dither.NONE) for picture in film]
title.save("title.gif")
film[0].save("film.gif", save_all=True, append_images=film[1:], duration=100)
subprocess.run(["gifsicle", "-w", "-O1", "--merge", "title.gif", "film.gif", "-o", "joined.gif"], check=True)
with open("joined.gif", "rb") as file:
    files["joined by gifsicle"] = (
        file.read(), np.array([np.asarray(picture.convert("RGB")) for picture in [title] + film]), [False] + [True] * 4)


def second_frame():
    picture = Image.open(io.BytesIO(files["one palette"][0]))
    picture.seek(1)
    return picture.mode, np.asarray(picture).shape


for round in "before imageio", "imageio", "after imageio":
    print(round)
    for name, (data, right, seen) in files.items():
        if round == "imageio":
            found = by_imageio(data)
            largest = int(np.abs(found.astype(int) - right).max())
            print("  %s: wrong are the frames %s, by up to %d" % (name, np.nonzero(wrong(found, right))[0].tolist(), largest))
            assert wrong(found, right) == seen, "the behaviour has changed"
            if "gifsicle" not in name:
                # What the wrong frames are: their numbers in the first frame's palette.
                assert np.array_equal(found[seen], np.uint8(B)[numbers[seen]]), "the behaviour has changed"
        else:
            for reader in by_opencv, by_libvips, by_ffmpeg:
                assert not any(wrong(reader(data), right)), "the behaviour has changed"
            found = wrong(by_pillow(data), right)
            print("  %s: wrong with Pillow are the frames %s, with the others none" % (name, np.nonzero(found)[0].tolist()))
            assert found == (seen if round == "after imageio" else [False] * len(seen)), "the behaviour has changed"
    if round != "imageio":
        print("  second frame of a GIF with one palette, by Pillow: mode %s, shape %s" % second_frame())
        assert second_frame() == (("RGB", (6, 7, 3)) if round == "before imageio" else ("P", (6, 7))), "the behaviour has changed"
P
if [ -s log ]; then cat log; echo "the behaviour has changed"; exit 1; fi
echo "as described"
