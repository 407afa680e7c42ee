#!/bin/sh
# OpenCV multiplies the colours of an 8-bit TIFF by its alpha, also where IMREAD_UNCHANGED asks for the file as it is.
#
# Who meets it: whoever reads pictures with transparency by cv2.imread, to cut out or blend training pictures. Pillow,
# tifffile (so imageio and scikit-image too) and libvips all write RGBA as straight colours, and say so: ExtraSamples is 2,
# unassociated alpha (TIFF 6.0, section 18).
# Guess before the run: IMREAD_UNCHANGED returns the samples of the file, and IMREAD_COLOR drops alpha, as for PNG. OpenCV's
# documentation says of the former that the picture comes as it is, with its alpha channel.
# Seen (OpenCV 5.0.0.93): 200 100 50 with alpha 128 is read as 100 50 25 with alpha 128, and colours below alpha 0 are gone.
# IMREAD_COLOR returns 100 50 25 without alpha: half transparent pixels turn dark and transparent ones black. There is no
# warning. The same picture as PNG is read as it is. One of 16 bits is left alone by IMREAD_UNCHANGED, and darkened by
# IMREAD_COLOR. Pillow 13.0.0, tifffile 2026.3.3 and libvips 8.18.7 return what was written.
# Why: what goes to 8 bits goes through libtiff's TIFFReadRGBAStrip, which premultiplies, and is not divided again.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 tifffile==2026.3.3 \
    pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.4.6
"$folder/venv/bin/python" - <<'P'
import io

import cv2
import numpy as np
import pyvips
import tifffile
from PIL import Image

picture = np.array([[[200, 100, 50, 255], [200, 100, 50, 128], [200, 100, 50, 0]]], np.uint8)
straight = picture.astype(int).tolist()
darkened = [[[200, 100, 50, 255], [100, 50, 25, 128], [0, 0, 0, 0]]]


def by_pillow(kind):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def by_tifffile(samples):
    file = io.BytesIO()
    tifffile.imwrite(file, samples, photometric="rgb", extrasamples=["unassalpha"])
    return file.getvalue()


def by_vips():
    return pyvips.Image.new_from_array(picture).copy(interpretation="srgb").write_to_buffer(".tif")


def opencv(data, flags=cv2.IMREAD_UNCHANGED):
    found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    wide = found.dtype == np.uint16
    found = cv2.cvtColor(found, cv2.COLOR_BGRA2RGBA if found.shape[2] == 4 else cv2.COLOR_BGR2RGB).astype(int)
    return (found // 257 if wide else found).tolist()


def without_alpha(pixels):
    return [[pixel[:3] for pixel in row] for row in pixels]


for name, data, wanted in [
    ("TIFF by Pillow", by_pillow("TIFF"), darkened),
    ("TIFF by tifffile", by_tifffile(picture), darkened),
    ("TIFF by libvips", by_vips(), darkened),
    ("16-bit TIFF by tifffile", by_tifffile(picture.astype(np.uint16) * 257), straight),
    ("PNG by Pillow", by_pillow("PNG"), straight),
]:
    found = opencv(data)
    print("%s:\n    OpenCV, unchanged %s" % (name, found[0]))
    assert found == wanted, "the behaviour has changed"
    colours = opencv(data, cv2.IMREAD_COLOR)
    print("    OpenCV, colour    %s" % colours[0])
    assert colours == without_alpha(straight if "PNG" in name else darkened), "the behaviour has changed"
    if "16-bit" not in name:
        assert np.asarray(Image.open(io.BytesIO(data))).tolist() == straight, "the behaviour has changed"
        assert pyvips.Image.new_from_buffer(data, "").numpy().tolist() == straight, "the behaviour has changed"
        print("    Pillow, libvips   %s" % straight[0])
    if wanted is darkened:
        page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
        print("    ExtraSamples %d, samples in the file %s" % (page.extrasamples[0], page.asarray().tolist()[0]))
        assert page.extrasamples[0] == 2 and page.asarray().tolist() == straight, "the behaviour has changed"
P
echo "as described"
