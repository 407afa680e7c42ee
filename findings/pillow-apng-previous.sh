#!/bin/sh
# Pillow leaves the frames of an animated PNG standing that the file says to take away.
#
# Who meets it: whoever reads animated PNGs frame by frame with Pillow (or imageio, which does so): films of samples, or
# training pictures out of animations. Something that moves over a still picture is naturally stored as small frames, drawn
# OVER the picture (blend_op 1) and taken away again (dispose_op PREVIOUS).
# Guess before the run: Pillow composes frames, and the format's definition leaves no choice here, so its frames are the
# same as other readers'. (Its handbook promises it: what a web browser would show. For opaque frames blend_op SOURCE and OVER
# mean the same.)
# Seen (Pillow 13.0.0): with SOURCE frames are right. With OVER what PREVIOUS should restore has been overwritten by the frame
# itself, so each leaves a trace in all that follow. Also a half transparent frame OVER an opaque picture makes pixels
# that are not opaque. FFmpeg (av 18.1.0), OpenCV 5.0.0.93 and the definition computed by hand agree.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 imageio==2.38.1 av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import io
import struct
import zlib

import av
import cv2
import imageio.v3
import numpy as np
from PIL import Image

NONE, PREVIOUS, SOURCE, OVER = 0, 2, 0, 1


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def apng(frames):
    """frames: (pixels [height, width, 3 or 4], x, dispose_op, blend_op), the first of the whole size."""
    height, width, channels = frames[0][0].shape
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0))
    out += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    number = 0
    for pixels, x, dispose, blend in frames:
        out += chunk(
            b"fcTL", struct.pack(">IIIIIHHBB", number, pixels.shape[1], pixels.shape[0], x, 0, 1, 10, dispose, blend))
        data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
        if number == 0:
            out += chunk(b"IDAT", data)
            number = 1
        else:
            out += chunk(b"fdAT", struct.pack(">I", number + 1) + data)
            number += 2
    return out + chunk(b"IEND", b"")


def by_hand(frames):
    """The format's definition, for an opaque first frame: rows of RGBA."""
    canvas = np.full((*frames[0][0].shape[:2], 4), 255.0)
    shown = []
    for pixels, x, dispose, blend in frames:
        before = canvas.copy()
        place = canvas[:, x:x + pixels.shape[1]]
        alpha = pixels[..., 3:] / 255 if pixels.shape[2] == 4 else 1
        if blend == OVER:
            place[..., :3] = alpha * pixels[..., :3] + (1 - alpha) * place[..., :3]
        else:
            place[..., :pixels.shape[2]] = pixels
        shown.append(canvas.copy())
        if dispose == PREVIOUS:
            canvas = before
    return np.rint(shown).astype(np.uint8)


def pillow(data):
    picture = Image.open(io.BytesIO(data))
    shown = []
    for number in range(picture.n_frames):
        picture.seek(number)
        shown.append(np.asarray(picture.convert("RGBA")))
    return np.array(shown)


def through_imageio(data):
    return imageio.v3.imread(data, plugin="pillow", index=..., mode="RGBA")


def ffmpeg(data):
    with av.open(io.BytesIO(data)) as file:
        return np.array([frame.to_ndarray(format="rgba") for frame in file.decode(video=0)])


def opencv(data):
    _, shown = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.array([cv2.cvtColor(f, cv2.COLOR_BGRA2RGBA if f.shape[2] == 4 else cv2.COLOR_BGR2RGBA) for f in shown])


def film(still, spot, blend):
    """One spot that moves to the right over a still picture."""
    return [(still, 0, NONE, SOURCE)] + [(spot, x, PREVIOUS, blend) for x in (1, 2, 3)]


def check(name, frames, reader, wrong):
    found, wanted = reader(apng(frames)), by_hand(frames)
    print("%s, %s:" % (name, reader.__name__), *("".join("%4d" % v for v in row[0]) for row in found[..., 0]), sep="\n ")
    # Blending is rounded in several ways.
    differ = np.abs(found.astype(int) - wanted).max(axis=(1, 2, 3)) > 1
    assert differ.tolist() == wrong, "the behaviour has changed"
    return found


still, spot = np.full((1, 5, 3), 200, np.uint8), np.full((1, 1, 3), 30, np.uint8)
right, trace = [False] * 4, [False, False, True, True]
for reader in pillow, through_imageio, ffmpeg, opencv:
    check("SOURCE", film(still, spot, SOURCE), reader, right)
    check("OVER", film(still, spot, OVER), reader, trace if reader in (pillow, through_imageio) else right)

opaque = np.dstack([still, np.full((1, 5), 255, np.uint8)])
half = np.array([[[30, 30, 30, 128]]], np.uint8)
for reader in pillow, ffmpeg, opencv:
    frames = [(opaque, 0, NONE, SOURCE), (half, 1, NONE, OVER)]
    found = check("half transparent OVER opaque", frames, reader, [False, reader is pillow])
    print(" alpha of the frame's pixel:", found[1, 0, 1, 3])
    assert found[1, 0, 1, 3] == (191 if reader is pillow else 255), "the behaviour has changed"
P
echo "as described"
