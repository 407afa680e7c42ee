#!/bin/sh
# TensorFlow makes an opaque PNG of 1, 2 or 4 bits nearly transparent when it is asked for four channels.
#
# Who meets it: whoever trains on pictures with transparency and reads a folder with tf.io.decode_png or decode_image and
# channels=4, or with Keras's image_dataset_from_directory and color_mode="rgba". In such folders are pictures without
# transparency, too, and Pillow writes up to 16 quantised colours with 4 bits or less, and black and white with 1; oxipng makes 2
# bits of 8 where there are no more greys than that.
# Guess before the run: a picture without transparency comes with alpha 255, as from PNGs of 8 bits. A PNG with neither alpha
# samples nor tRNS is opaque (https://www.w3.org/TR/png/#3alphaTable, "fully opaque").
# Seen (tensorflow-cpu 2.21.0, keras 3.15.1): alpha is 1 for 1 bit, 3 for 2 bits and 15 for 4 bits, of 255, with a palette as with
# greys: what is the highest number of the file's depth. With dtype=uint16 it is 257, 771 and 3855 of 65535. The colours are right.
# Over a white ground the picture is all but gone, and colours multiplied by alpha are all but black. Nothing warns. Right are 8
# and 16 bits, palettes of 1 to 4 bits that have tRNS, three channels, Pillow 13.0.0 and libvips 8.18.7.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0 keras==3.15.1 pillow==13.0.0 pyvips==3.2.0 pyvips-binary==8.18.7 \
    pyoxipng==9.1.1 numpy==2.4.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=1 KERAS_BACKEND=tensorflow "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import io
import os
import struct
import zlib

import keras
import numpy as np
import oxipng
import pyvips
import tensorflow as tf
from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, depth, kind, palette=None, transparent=b""):
    """Rows of samples, written by the definition; `kind` is 0 for greys, 2 for colours, 3 for numbers of a palette."""
    bits = "".join(format(s, "0%db" % depth) for s in samples[0].ravel())
    row = b"\0" + int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes((len(bits) + 7) // 8, "big")
    head = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, kind, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + (b"" if palette is None else chunk(b"PLTE", palette.tobytes()))
            + (chunk(b"tRNS", transparent) if transparent else b"")
            + chunk(b"IDAT", zlib.compress(row * len(samples))) + chunk(b"IEND", b""))


def pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def libvips(data):
    """Of 8 bits, with the opaque alpha that libvips leaves away."""
    picture = pyvips.Image.new_from_buffer(data, "")
    picture = picture.colourspace("srgb") if picture.format == "uchar" else (picture >> 8).cast("uchar").colourspace("srgb")
    return (picture if picture.hasalpha() else picture.bandjoin(255)).numpy()


def alphas(pixels):
    return np.unique(pixels[..., 3]).tolist()


random = np.random.default_rng(0)
for name, kind, depth, seen in [
    ("greys", 0, 1, 1), ("greys", 0, 2, 3), ("greys", 0, 4, 15), ("greys", 0, 8, 255), ("greys", 0, 16, 255),
    ("palette", 3, 1, 1), ("palette", 3, 2, 3), ("palette", 3, 4, 15), ("palette", 3, 8, 255), ("colours", 2, 8, 255),
]:
    top = 2**depth - 1
    samples = np.repeat(random.integers(0, top + 1, (1, 20, 3) if kind == 2 else (1, 20)), 4, axis=0)
    palette = random.integers(0, 256, (top + 1, 3)).astype(np.uint8) if kind == 3 else None
    data = png(samples, depth, kind, palette)
    if kind == 3:
        right = palette[samples]
    else:
        right = (samples >> 8 if depth == 16 else samples * 255 // top).astype(np.uint8)
        right = right if kind == 2 else np.repeat(right[..., None], 3, axis=2)
    found = tf.io.decode_png(data, channels=4).numpy()
    wide = tf.io.decode_png(data, channels=4, dtype=tf.uint16).numpy()
    print("%s of %d bits: alpha of decode_png %s, with uint16 %s" % (name, depth, alphas(found), alphas(wide)))
    assert alphas(found) == [seen] and alphas(wide) == [seen * 257], "the behaviour has changed"
    assert np.array_equal(found, tf.io.decode_image(data, channels=4).numpy()), "the behaviour has changed"
    # 16 bits become 8 by rounding or by the upper half.
    assert np.abs(found[..., :3].astype(int) - right).max() <= (depth == 16), "the behaviour has changed"
    assert np.array_equal(tf.io.decode_png(data, channels=3).numpy(), found[..., :3]), "the behaviour has changed"
    others = [libvips(data)] + ([pillow(data)] if (kind, depth) != (0, 16) else [])
    for other in others:
        assert alphas(other) == [255] and np.abs(other[..., :3].astype(int) - right).max() <= 1, "the behaviour has changed"
    if kind == 3:
        clear = random.integers(0, 256, min(top + 1, 7)).astype(np.uint8)
        data = png(samples, depth, kind, palette, clear.tobytes())
        right = np.concatenate([clear, np.full(top + 1 - len(clear), 255, np.uint8)])[samples]
        for other in tf.io.decode_png(data, channels=4).numpy(), libvips(data), pillow(data):
            assert np.array_equal(other[..., 3], right), "the behaviour has changed"
        print("  the same with tRNS: right")

# A whole chain: drawings by Pillow, then Keras.
y, x = np.indices((64, 64))
drawing = np.zeros((64, 64, 3), np.uint8) + np.uint8([240, 230, 200])
drawing[(x - 32)**2 + (y - 28)**2 < 300] = [200, 60, 30]
drawing[abs(y - 50) < 4] = [20, 40, 120]
files = {}
for name, picture in [
    ("24 bits", Image.fromarray(drawing)), ("quantised", Image.fromarray(drawing).quantize(16)),
    ("black and white", Image.fromarray(drawing).convert("1")),
    ("greys", Image.fromarray((drawing.sum(axis=2) // 200 * 85).astype(np.uint8))),
]:
    written = io.BytesIO()
    picture.save(written, "PNG")
    files[name] = written.getvalue()
files["greys after oxipng"] = oxipng.optimize_from_memory(files["greys"], level=0)
assert np.array_equal(pillow(files["greys after oxipng"]), pillow(files["greys"]))
for name, seen in ("24 bits", 255), ("quantised", 3), ("black and white", 1), ("greys", 255), ("greys after oxipng", 3):
    data = files[name]
    depth, kind = data[24:26]
    os.makedirs("set/" + name)
    with open("set/%s/a.png" % name, "wb") as file:
        file.write(data)
    read = next(iter(keras.utils.image_dataset_from_directory(
        "set/" + name, labels=None, color_mode="rgba", image_size=(64, 64), batch_size=1, verbose=False)))[0].numpy()
    alpha = read[..., 3:] / 255
    white = (read[..., :3] * alpha + 255 * (1 - alpha)).round()
    print("%s, %d bits, colour type %d: Keras finds alpha %s; over white the darkest sample is %d, in the file %d" % (
        name, depth, kind, alphas(read), white.min(), pillow(data)[..., :3].min()))
    assert alphas(pillow(data)) == alphas(libvips(data)) == [255], "the behaviour has changed"
    assert np.array_equal(read[..., :3], pillow(data)[..., :3]), "the behaviour has changed"
    assert alphas(read) == [seen] == [2**depth - 1], "the behaviour has changed"
    assert (white.min() > 235) == (depth < 8), "the behaviour has changed"
P
if grep -iE 'png|alpha|transparen' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
