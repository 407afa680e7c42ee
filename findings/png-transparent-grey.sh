#!/bin/sh
# Pillow and FFmpeg lose the transparency of grey PNGs of 2 and 4 bits, which a tool that shrinks files makes of 8 bits.
#
# Who meets it: whoever trains on or shows PNG drawings with few greys and a transparent background. The background stays as
# opaque as the rest, white on white or black on black.
# Guess before the run: a grey that tRNS names is transparent, whatever the depth. The format compares samples as they are stored
# (https://www.w3.org/TR/png/#11tRNS), before 2 or 4 bits are spread to 8.
# Seen (Pillow 13.0.0, FFmpeg 8.1.2 in PyAV 18.1.0): both compare the number of tRNS (3 of 0 to 3) with spread samples (255), so
# nothing is transparent, and nothing warns. Only black, which is 0 in both, is. 8 bits are right. Pillow also loses it with
# colours of 16 bits, FFmpeg with greys of 1 bit. (For 1 bit Pillow had a report, python-pillow/Pillow#9281, and is right now.)
# libvips 8.18.7 in pyvips 3.2.0 and the definition by hand agree. A whole chain: Pillow writes 4 greys, the white ones
# transparent, with 8 bits and reads them back; after oxipng (pyoxipng 9.1.1), which changes no pixel, Pillow finds all opaque.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 av==18.1.0 pyvips==3.2.0 pyvips-binary==8.18.7 pyoxipng==9.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import io
import struct
import zlib

import av
import numpy as np
import oxipng
import pyvips
from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, depth, transparent):
    """One row of greys [width] or colours [width, 3], where `transparent` (a grey or colour) is what tRNS names."""
    bits = "".join(format(s, "0%db" % depth) for s in samples.ravel())
    row = b"\0" + int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes((len(bits) + 7) // 8, "big")
    head = struct.pack(">IIBBBBB", len(samples), 1, depth, 0 if samples.ndim == 1 else 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
            + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b""))


def pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3]


def ffmpeg(data):
    with av.open(io.BytesIO(data)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgba")[..., 3]


def libvips(data):
    picture = pyvips.Image.new_from_buffer(data, "")
    assert picture.hasalpha()
    return (picture.numpy()[..., -1] / (257 if picture.format == "ushort" else 1)).astype(int)


for depth, colour, lost in [
    (1, False, [ffmpeg]), (2, False, [pillow, ffmpeg]), (4, False, [pillow, ffmpeg]), (8, False, []), (8, True, []),
    (16, True, [pillow]),
]:
    top = 2**depth - 1
    # Of 16 bits such that the halves of a number differ: Pillow keeps the upper one.
    samples = np.unique(np.linspace(0, top, 16).round().astype(int)) if depth < 16 else np.arange(16) * 4000 + 1234
    if colour:
        samples = np.stack([samples, samples[::-1], samples], 1)
    for which in range(len(samples)):
        data = png(samples, depth, samples[which])
        right = np.where(np.arange(len(samples)) == which, 0, 255)
        for reader in pillow, ffmpeg, libvips:
            found = reader(data)[0]
            # Zero is zero in each depth; 1 bit in FFmpeg has no alpha at all.
            missing = reader in lost and (which > 0 or depth in (1, 16))
            if which == len(samples) - 1:
                print("%d bits, %s: %s finds %d transparent pixels of 1" % (
                    depth, "colour" if colour else "grey", reader.__name__, (found == 0).sum()))
            assert np.array_equal(found, np.full_like(right, 255) if missing else right), "the behaviour has changed"

y, x = np.indices((64, 64))
picture = np.array([0, 85, 170], np.uint8)[(x // 4 + y // 8) % 3]
outside = (x - 32)**2 + (y - 32)**2 > 800
picture[outside] = 255
written = io.BytesIO()
Image.fromarray(picture).save(written, "PNG", transparency=255)
shrunk = oxipng.optimize_from_memory(written.getvalue(), level=0)
for name, data, lost in ("as Pillow wrote it", written.getvalue(), []), ("after oxipng", shrunk, [pillow, ffmpeg]):
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data)).convert("L")), picture)
    print("%s, %d bits:" % (name, data[24]))
    assert data[25] == 0 and data[24] == (2 if lost else 8), "the behaviour has changed"
    for reader in pillow, ffmpeg, libvips:
        found = reader(data)
        print("  %s finds %d transparent pixels of %d" % (reader.__name__, (found == 0).sum(), outside.sum()))
        assert np.array_equal(found == 0, outside & (reader not in lost)), "the behaviour has changed"
P
if grep -iE 'trns|transparen|alpha' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
