#!/bin/sh
# Pillow and OpenCV show a grey TIFF whose white is zero as a negative if it has 16 bits, and rightly if it has 8.
#
# Who meets it: who trains on scans, X-rays or microscopy, which are often grey TIFFs of 16 bits, some with WhiteIsZero
# (photometric interpretation 0), and turns them into PNGs or arrays with Pillow or OpenCV.
# Guess before the run: both libraries honour WhiteIsZero, as they do for 1 and 8 bits, or neither does.
# Seen (Pillow 13.0.0, opencv-python-headless 5.0.0.93): at 1 and 8 bits both turn the values round, so that the picture is
# right. At 16 bits Pillow (mode I;16) and OpenCV with IMREAD_UNCHANGED or IMREAD_ANYDEPTH give 65535 minus the right value:
# what is white turns black, and a PNG saved from it is a negative. OpenCV with IMREAD_GRAYSCALE or IMREAD_COLOR of the same
# file is right, so that its own two ways contradict one another. Compression makes no difference and nothing is said. libvips
# and FFmpeg (PyAV) read both depths right. (tifffile gives the stored values of all depths, as it says.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 opencv-python-headless==5.0.0.93 "pyvips[binary]==3.2.0" av==17.1.0 \
    numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import struct
import warnings
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pyvips
from PIL import Image

changed = "the behaviour has changed"
warnings.simplefilter("error")


def tiff(name, brightness, bits, white_is_zero, compressed):
    """A grey TIFF by hand, little-endian, of one strip."""
    height, width = brightness.shape
    stored = (2**bits - 1 - brightness) if white_is_zero else brightness
    stored = np.packbits(stored.astype(np.uint8), axis=1) if bits == 1 else stored.astype("<u2" if bits == 16 else "u1")
    data = stored.tobytes()
    if compressed:
        data = zlib.compress(data)
    entries = [(256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 8 if compressed else 1),
               (262, 3, 0 if white_is_zero else 1), (273, 4, 8 + 2 + 12 * 9 + 4), (277, 3, 1), (278, 3, height),
               (279, 4, len(data))]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    Path(name).write_bytes(b"II*\0" + struct.pack("<IH", 8, 9) + table + struct.pack("<I", 0) + data)


def by_ffmpeg(name):
    with av.open(name) as container:
        return next(container.decode(video=0)).to_ndarray()


y, x = np.mgrid[0:10, 0:16]
for bits in 1, 8, 16:
    white = 2**bits - 1
    brightness = np.round((x * 16 + y) / 255 * white).astype(np.int64)
    for white_is_zero in False, True:
        for compressed in False, True:
            name = f"{bits}{white_is_zero}{compressed}.tif"
            tiff(name, brightness, bits, white_is_zero, compressed)
            eight = np.round(brightness / white * 255).astype(np.int64)
            full = eight if bits == 1 else brightness
            pillow = np.asarray(Image.open(name)).astype(np.int64) * (255 if bits == 1 else 1)
            unchanged = cv2.imread(name, cv2.IMREAD_UNCHANGED)
            assert unchanged.dtype == (np.uint16 if bits == 16 else np.uint8), changed
            if bits > 1:
                assert np.array_equal(by_ffmpeg(name), brightness), changed
            assert np.array_equal(pyvips.Image.new_from_file(name).numpy().reshape(10, 16), full), changed
            for flag in cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR:
                found = cv2.imread(name, flag)
                assert abs((found if found.ndim == 2 else found[..., 0]).astype(int) - brightness / white * 255).max() < 1, changed
            shown = white - brightness if bits == 16 and white_is_zero else full
            assert np.array_equal(pillow, shown), changed
            assert np.array_equal(unchanged, shown), changed
            assert np.array_equal(cv2.imread(name, cv2.IMREAD_ANYDEPTH), shown), changed
        print("%2d bits, white is %5d: pixel (3, 4) is %5d; Pillow %5d, OpenCV unchanged %5d, OpenCV grey %3d, libvips %5d" % (
            bits, 0 if white_is_zero else white, full[3, 4], pillow[3, 4], unchanged[3, 4],
            cv2.imread(name, cv2.IMREAD_GRAYSCALE)[3, 4], pyvips.Image.new_from_file(name).numpy().reshape(10, 16)[3, 4]))

Image.open(name).save("saved.png")
assert np.array_equal(np.asarray(Image.open("saved.png")), white - brightness), changed
print("a PNG that Pillow saves of the last: pixel (3, 4) is", np.asarray(Image.open("saved.png"))[3, 4])
P
if [ -s log ]; then cat log; echo "the behaviour has changed"; exit 1; fi
echo "as described"
