#!/bin/sh
# OpenCV reads binary PPM and PGM files as if white were 255 or 65535, whatever the header says it is.
#
# Who meets it: whoever prepares or inspects training pictures with cv2.imread. The third number of the header is the value of
# white, any from 1 to 65535; tools that write 10 or 12 bits say 1023 or 4095, tools that reduce levels 15 or 31.
# Guess before the run: readers scale by that number, as the format's definition says (ppm(5), "maxval"), and cv2.imread's 8-bit
# picture is as bright as everyone else's.
# Seen (OpenCV 5.0.0.93): a white pixel of 1023 is read as 3, one of 15 as 15. The picture is nearly black, there is no warning,
# and nothing returns the header's number. The same file as text (P3) is scaled where white is up to 255, so
# OpenCV contradicts itself; beyond 255 both kinds are dark. FFmpeg (av 18.1.0) and Pillow 13.0.0 scale all of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 av==18.1.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'P'
import io

import av
import cv2
import numpy as np
from PIL import Image


def ppm(kind, white):
    """Four pixels from black to white, as bytes (P6) or as text (P3)."""
    samples = np.repeat([0, white // 3, white // 2, white], 3)
    head = b"%s\n4 1\n%d\n" % (kind, white)
    if kind == b"P3":
        return head + b" ".join(b"%d" % s for s in samples) + b"\n"
    return head + samples.astype(">u2" if white > 255 else "u1").tobytes()


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[0, :, 0].tolist()


def ffmpeg(data):
    with av.open(io.BytesIO(data), format="ppm_pipe") as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")[0, :, 0].tolist()


def pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)))[0, :, 0].tolist()


for kind, white, seen in [
    (b"P6", 15, [0, 5, 7, 15]),
    (b"P3", 15, [0, 85, 119, 255]),
    (b"P6", 255, [0, 85, 127, 255]),
    (b"P6", 1023, [0, 1, 1, 3]),
    (b"P3", 1023, [0, 1, 1, 3]),
    (b"P6", 4095, [0, 5, 7, 15]),
    (b"P6", 65535, [0, 85, 127, 255]),
]:
    data = ppm(kind, white)
    wanted = np.array([0, white // 3, white // 2, white]) * 255 / white
    found = opencv(data), ffmpeg(data), pillow(data)
    print("%s, white is %5d: OpenCV %s, FFmpeg %s, Pillow %s" % (kind.decode(), white, *found))
    assert found[0] == seen, "the behaviour has changed"
    for other in found[1:]:
        assert np.abs(other - wanted).max() <= 1, "the behaviour has changed"
P
echo "as described"
