#!/bin/sh
# OpenCV reads BMP of 32 bits as blue, green, red, whatever its masks say, where they follow the plain header of 40 bytes.
#
# Who meets it: whoever reads a folder of BMP pictures with cv2.imread: programs that hold pixels as R, G, B, X in memory may write
# them as they are, and name the order in the masks (BI_BITFIELDS).
# Guess before the run: the masks are obeyed, as those of 16 bits and of longer headers are, or the file is refused.
# Seen (OpenCV 5.0.0.93): with a header of 40 bytes red and blue change places (masks ff, ff00, ff0000), or colours move by one
# (masks from ff000000 down, where pure red is read as black); with the headers of 108 and 124 bytes the same pixels are right.
# FFmpeg (av 18.1.0) is right in all of them; Pillow 13.0.0 is right or refuses. There is no warning. Also white of 5 and 6 bits
# is 248 and 252, not 255: bits are moved up and the rest filled with zeros. Pillow and FFmpeg make 255 of it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import io
import struct

import av
import cv2
import numpy as np
from PIL import Image

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def bmp(masks, bits, header):
    """One row of the colours, where each channel of a pixel is as its mask says; masks follow a header of 40 bytes."""
    pixels = [sum(mask for mask, value in zip(masks, colour) if value) for colour in COLOURS]
    data = b"".join(struct.pack("<I" if bits == 32 else "<H", pixel) for pixel in pixels)
    fields = struct.pack("<IiiHHIIiiII", header, len(COLOURS), 1, 1, bits, 3, len(data), 2835, 2835, 0, 0)
    fields += struct.pack("<III", *masks)
    if header > 40:
        # No alpha; the colour space is sRGB.
        fields = (fields + struct.pack("<II", 0, 0x73524742)).ljust(header, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(fields) + len(data), 0, 0, 14 + len(fields)) + fields + data


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[0, :, ::-1].tolist()


def ffmpeg(data):
    with av.open(io.BytesIO(data)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")[0].tolist()


def pillow(data):
    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[0].tolist()
    except OSError:
        return "refused"


wanted = [list(colour) for colour in COLOURS]
for name, bits, masks, seen in [
    ("blue first", 32, (0xFF0000, 0xFF00, 0xFF), wanted),
    ("red first", 32, (0xFF, 0xFF00, 0xFF0000), [[0, 0, 255], [0, 255, 0], [255, 0, 0], [255, 255, 255]]),
    ("blue second", 32, (0xFF000000, 0xFF0000, 0xFF00), [[0, 0, 0], [255, 0, 0], [0, 255, 0], [255, 255, 0]]),
    ("555", 16, (0x7C00, 0x3E0, 0x1F), [[248, 0, 0], [0, 248, 0], [0, 0, 248], [248, 248, 248]]),
    ("565", 16, (0xF800, 0x7E0, 0x1F), [[248, 0, 0], [0, 252, 0], [0, 0, 248], [248, 252, 248]]),
]:
    for header in (40,) if bits == 16 else (40, 108, 124):
        data = bmp(masks, bits, header)
        found = [reader(data) for reader in (opencv, ffmpeg, pillow)]
        print("%s, %d bits, header of %d bytes: OpenCV %s" % (name, bits, header, found[0]))
        assert found[0] == (seen if header == 40 else wanted), "the behaviour has changed"
        assert found[1] == wanted and found[2] in (wanted, "refused"), "the behaviour has changed"
P
if grep -iE 'mask|bmp|bitfield' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
