#!/bin/sh
# albumentations' SafeRotate moves every picture by half a pixel and blurs it, also where it rotates by 0 degrees.
#
# Who meets it: whoever enlarges a set of training pictures by SafeRotate, which keeps the corners, or counts on limit=0 to switch
# it off. A generator that is trained on the result learns the blur, and a mask no longer fits its picture.
# Guess before the run: as with Rotate, 0 degrees changes nothing, and 90, 180 and 270 degrees of a square picture are numpy.rot90,
# for no scaling is needed there.
# Seen (albumentations 2.0.8, its last version): each pixel is the mean of 2x2 pixels, of itself and those left of and above it,
# which lowers the variance of noise to a quarter. Key points move by (0.5, 0.5), as Rotate's do not. Masks, which are taken by
# nearest pixel, move by no or by one pixel, as rounding has it. At other angles the centre of a disc is half a pixel too far right
# and down. There is no warning. Rotate, and Affine with the same angle, are right: exactly what numpy.rot90 gives, key points
# with it. The documentation speaks of artifacts of rotation and scaling, and here is neither. (Its successor albumentationsx
# 2.5.1 does the same; that needs PyTorch and is not run here.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet albumentations==2.0.8 opencv-python-headless==4.13.0.90 numpy==2.4.6
cat >"$folder/run.py" <<'P'
import warnings

import cv2
import numpy as np

with warnings.catch_warnings():
    # Where there is no network it warns that it could not look for a newer version.
    warnings.simplefilter("ignore")
    import albumentations as A

print(A.__version__, "OpenCV", cv2.__version__)
random = np.random.default_rng(0)


def turn(kind, degrees, picture, **more):
    options = dict(border_mode=cv2.BORDER_REPLICATE, p=1)
    angles = {"rotate" if kind == "Affine" else "limit": (degrees, degrees)}
    points = A.KeypointParams("xy", remove_invisible=False)
    return A.Compose([getattr(A, kind)(**angles, **options)], keypoint_params=points)(image=picture, **more)


def mean_of_four(rows):
    """Each pixel with the ones left of and above it; the border is repeated."""
    padded = np.pad(rows.astype(float), ((1, 0), (1, 0)), mode="edge")
    return (padded[1:, 1:] + padded[:-1, 1:] + padded[1:, :-1] + padded[:-1, :-1]) / 4


for side in 9, 16, 64:
    rows = random.integers(0, 256, (side, side), dtype=np.uint8)
    for turns in range(4):
        degrees, right = 90 * turns, np.rot90(rows, turns)
        # Where the point at (2, 3) comes to lie.
        x, y = [(2, 3), (3, side - 3), (side - 3, side - 4), (side - 4, 2)][turns]
        for kind in "Rotate", "Affine", "SafeRotate":
            found = turn(kind, degrees, np.dstack([rows] * 3), keypoints=[(2, 3)], mask=rows)
            picture, (point,) = found["image"][..., 0], found["keypoints"]
            shift = (round(float(point[0]) - x, 2), round(float(point[1]) - y, 2))
            # The mask is the right one, perhaps moved by a pixel right and down.
            whole = [(dx, dy) for dx in (0, 1) for dy in (0, 1)
                     if np.array_equal(np.roll(right, (dy, dx), (0, 1))[1:, 1:], found["mask"][1:, 1:])]
            ratio = picture.var() / right.var()
            print("%dx%d, %s by %d: variance %.2f of what it was, key point moved by %s, mask by %s" % (
                side, side, kind, degrees, ratio, shift, whole))
            if kind == "SafeRotate":
                assert np.abs(picture - mean_of_four(right)).max() <= 1 and ratio < 0.5, "the behaviour has changed"
                assert shift == (0.5, 0.5) and len(whole) <= 1, "the behaviour has changed"
            else:
                assert np.array_equal(picture, right) and (0, 0) in whole and shift == (0, 0), "the behaviour has changed"

# Another angle: a disc in the middle, which no rotation moves.
y, x = np.indices((65, 65))
disc = np.clip(20 - np.hypot(x - 32, y - 32), 0, 1).astype(np.float32)[..., None].repeat(3, axis=2)
for kind, seen in ("Rotate", 0), ("SafeRotate", 0.5):
    picture = turn(kind, 30, disc, keypoints=[])["image"][..., 0]
    centre = [float((picture * axis).sum() / picture.sum() - 32) for axis in (x, y)]
    print("%s by 30 degrees: the disc's centre moves by (%.2f, %.2f)" % (kind, *centre))
    assert np.abs(np.array(centre) - seen).max() < 0.03, "the behaviour has changed"
P
cd "$folder"
NO_ALBUMENTATIONS_UPDATE=1 venv/bin/python -W error::UserWarning run.py
echo "as described"
