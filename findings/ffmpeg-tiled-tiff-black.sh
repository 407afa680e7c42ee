#!/bin/sh
# FFmpeg, and so PyAV and imageio's pyav plugin, makes a black picture of every tiled TIFF, without an error or a word.
#
# Who meets it: who reads pictures of satellites, microscopes or scans (GDAL, libvips and tifffile write them in tiles) or
# makes a film of a folder of TIFFs with FFmpeg.
# Guess before the run: the picture, as from strips, or an error that tiles are not supported.
# Seen (PyAV 17.1.0 with its own FFmpeg; FFmpeg 5.1 of Debian, tried by hand, does the same): the size and the pixel format
# are right and every pixel is 0, whatever the compression (none, deflate, LZW, PackBits), the tile's size, also where one
# tile holds the whole picture, and the kind (RGB, grey, 16 bits; with alpha it is all transparent). No exception is raised,
# the frame is not marked as damaged, and FFmpeg's own log, turned up to debug, says nothing of tiles. A folder of tiled TIFFs
# is a film of black frames. The same pictures in strips are exact, and Pillow, OpenCV, tifffile and libvips read both alike.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==17.1.0 imageio==2.38.1 tifffile==2026.3.3 imagecodecs==2026.3.6 pillow==13.0.0 \
    opencv-python-headless==5.0.0.93 "pyvips[binary]==3.2.0" numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import struct
import warnings
from pathlib import Path

import av
import av.logging
import cv2
import imageio.v3
import numpy as np
import pyvips
import tifffile
from PIL import Image

changed = "the behaviour has changed"
av.logging.set_level(av.logging.DEBUG)
y, x = np.mgrid[0:40, 0:48]
colours = np.stack([60 + y * 4, 60 + x * 4, 20 + (x + y) * 2], -1).astype(np.uint8)


def by_ffmpeg(name, layout):
    """The file's only frame, and whether FFmpeg logged a warning or a word of tiles while reading it."""
    with av.logging.Capture() as said, av.open(name) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 1 and not frames[0].is_corrupt, changed
    loud = any(level <= av.logging.WARNING or "tile" in line.lower() for level, _, line in said)
    return frames[0].to_ndarray(format=layout), loud


def by_hand(width, height, side, pictures):
    """An uncompressed tiled TIFF of 8 bits per colour, little-endian, byte by byte."""
    corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    tiles = [pictures[top:top + side, left:left + side].tobytes() for top, left in corners]
    start = 8 + 2 + 12 * 10 + 4
    bits, offsets = start, start + 6
    counts = offsets + 4 * len(tiles)
    data = counts + 4 * len(tiles)
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2), (277, 3, 1, 3),
               (322, 3, 1, side), (323, 3, 1, side), (324, 4, len(tiles), offsets), (325, 4, len(tiles), counts)]
    return (b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
            + struct.pack("<I", 0) + struct.pack("<3H", 8, 8, 8)
            + struct.pack("<%dI" % len(tiles), *(data + i * side * side * 3 for i in range(len(tiles))))
            + struct.pack("<%dI" % len(tiles), *map(len, tiles)) + b"".join(tiles))


# A file made by hand, of whole tiles.
Path("hand.tif").write_bytes(by_hand(48, 32, 16, colours[:32]))
assert np.array_equal(np.asarray(Image.open("hand.tif")), colours[:32]), changed
assert np.array_equal(cv2.imread("hand.tif")[..., ::-1], colours[:32]), changed
assert np.array_equal(pyvips.Image.new_from_file("hand.tif").numpy(), colours[:32]), changed
assert np.array_equal(tifffile.imread("hand.tif"), colours[:32]), changed
found, said = by_ffmpeg("hand.tif", "rgb24")
assert found.shape == (32, 48, 3) and not found.any() and not said, changed
print("made by hand, pixel (3, 4) is", colours[3, 4], "and FFmpeg says", found[3, 4])

# Files of tifffile: kinds, compressions, sizes of tiles.
alpha = np.dstack([colours, np.full((40, 48), 200, np.uint8)])
kinds = [("rgb", colours, "rgb24", {"photometric": "rgb"}), ("grey", colours[..., 0], "gray", {"photometric": "minisblack"}),
         ("rgb of 16 bits", colours.astype(np.uint16) * 257, "rgb48le", {"photometric": "rgb"}),
         ("rgb with alpha", alpha, "rgba", {"photometric": "rgb", "extrasamples": ["unassalpha"]})]
for kind, picture, layout, more in kinds:
    for compression in None, "zlib", "lzw", "packbits":
        for tile in None, (16, 16), (32, 48), (64, 64):
            tifffile.imwrite("a.tif", picture, tile=tile, compression=compression, metadata=None, **more)
            assert np.array_equal(tifffile.imread("a.tif"), picture), changed
            found, said = by_ffmpeg("a.tif", layout)
            assert found.shape == picture.shape and found.dtype == picture.dtype, changed
            if tile is None:
                assert np.array_equal(found, picture), changed
            else:
                assert not found.any(), changed
            assert not said, changed
    print("%s: strips exact, tiles all 0, largest value of the picture %d" % (kind, picture.max()))

# The file of another writer, and another way in.
pyvips.Image.new_from_array(colours).tiffsave("v.tif", tile=True, tile_width=16, tile_height=16, compression="deflate")
assert np.array_equal(np.asarray(Image.open("v.tif")), colours), changed
with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert not imageio.v3.imread("v.tif", plugin="pyav").any(), changed
assert np.array_equal(imageio.v3.imread("v.tif", plugin="pillow"), colours), changed
print("libvips' file by imageio: pyav all 0, pillow exact")

# A folder of them is a black film.
for number in range(4):
    tifffile.imwrite(f"{number}.tif", colours + np.uint8(number), tile=(16, 16), compression="zlib", photometric="rgb",
                     metadata=None)
with av.open("%d.tif", format="image2") as container:
    film = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
assert len(film) == 4 and not np.any(film), changed
print("a folder of four: frames", len(film), "largest value", np.max(film))
P
echo "as described"
