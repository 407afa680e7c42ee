#!/bin/sh
# kornia_rs shows the palette indices of a PNG as a grey picture, and mixes the colours of a TIFF that keeps them in planes.
#
# Who meets it: who loads a GAN's pictures with kornia_rs, kornia's fast reader. PNGs of up to 256 colours come from pngquant,
# oxipng, web pages, pixel art and Pillow's quantize; TIFFs in planes from GDAL and tifffile.
# Guess before the run: the colours, as from Pillow and OpenCV, or an error: palettes of 16 colours or fewer do raise one.
# Seen (kornia_rs 0.2.0): read_image, Image.open and Image.load of a PNG with an 8-bit palette give one channel, mode "L",
# that holds the indices. They are no brightness: the same colours with the palette in another order are another grey picture,
# and to_rgb() makes three equal channels. decode() of the same bytes refuses: "PNG is Indexed". A TIFF of RGB with planar
# configuration 2, whatever its compression, gets the right size and three channels, but all of the red plane comes first as
# if it were pixels, then green, then blue: three nearly grey bands above one another. Neither has a warning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kornia_rs==0.2.0 pillow==13.0.0 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 \
    imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import tifffile
from kornia_rs.image import Image
from kornia_rs.io import read_image
from PIL import Image as Pillow

changed = "the behaviour has changed"
warnings.simplefilter("error")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, indices, palette, bits):
    """A PNG with a palette, by hand."""
    height, width = indices.shape
    places = (indices[:, :, None].astype(np.uint8) >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(places.reshape(height, -1), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0))
                           + chunk(b"PLTE", palette.tobytes()) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


generator = np.random.default_rng(0)
indices = generator.integers(0, 200, (12, 16))
palette = generator.integers(0, 256, (200, 3)).astype(np.uint8)
order = generator.permutation(200)
shown = []
for name, at, colours in ("a.png", indices, palette), ("b.png", np.argsort(order)[indices], palette[order]):
    png(name, at, colours, 8)
    right = palette[indices]
    assert np.array_equal(np.asarray(Pillow.open(name).convert("RGB")), right), changed
    assert np.array_equal(cv2.imread(name)[..., ::-1], right), changed
    for picture in np.asarray(read_image(name)), Image.open(name).numpy(), Image.load(name).numpy():
        assert picture.shape == (12, 16, 1) and np.array_equal(picture[..., 0], at), changed
    assert Image.open(name).mode == "L", changed
    assert np.array_equal(Image.open(name).to_rgb().numpy(), np.repeat(at[..., None], 3, 2)), changed
    print("%s: pixel (3, 4) is %s, kornia_rs says %s, to_rgb() %s" % (
        name, right[3, 4].tolist(), picture[3, 4].tolist(), Image.open(name).to_rgb().numpy()[3, 4].tolist()))
    shown.append(picture)
assert not np.array_equal(*shown), changed

# What Pillow itself makes of a picture of a few colours.
y, x = np.mgrid[0:12, 0:16]
smooth = np.stack([y * 20, x * 16, 255 - y * 8 - x * 8], -1).astype(np.uint8)
few = Pillow.fromarray(smooth).quantize(180)
few.save("q.png")
assert np.array_equal(np.asarray(read_image("q.png"))[..., 0], np.asarray(few)), changed
assert abs(np.asarray(few.convert("RGB")).astype(int) - smooth).max() < 30, changed

# The same bytes, decoded, and smaller palettes, are refused.
for what, refused in ("decode()", lambda: Image.decode(Path("a.png").read_bytes())), ("4 bits", lambda: read_image("c.png")):
    png("c.png", indices % 16, palette[:16], 4)
    try:
        refused()
    except Exception as error:
        print(what, "raises:", error)
    else:
        raise AssertionError(changed)

# RGB in planes.
for compression in None, "zlib", "lzw":
    tifffile.imwrite("p.tif", np.ascontiguousarray(smooth.transpose(2, 0, 1)), photometric="rgb", planarconfig="separate",
                     compression=compression, metadata=None)
    tifffile.imwrite("i.tif", smooth, photometric="rgb", compression=compression, metadata=None)
    for name in "p.tif", "i.tif":
        assert np.array_equal(np.asarray(Pillow.open(name)), smooth), changed
        assert np.array_equal(cv2.imread(name)[..., ::-1], smooth), changed
    assert np.array_equal(np.asarray(read_image("i.tif")), smooth), changed
    for picture in np.asarray(read_image("p.tif")), Image.open("p.tif").numpy():
        assert np.array_equal(picture, smooth.transpose(2, 0, 1).reshape(12, 16, 3)), changed
    print("planes, compression %s: pixel (3, 4) is %s, kornia_rs says %s" % (compression, smooth[3, 4], picture[3, 4]))
P
if [ -s log ]; then cat log; echo "the behaviour has changed"; exit 1; fi
echo "as described"
