#!/bin/sh
# Keras's gaussian_blur blurs columns with colours on PyTorch and JAX, and exchanges the height's and the width's sigma.
#
# Who meets it: whoever softens training pictures or samples with keras.ops.image.gaussian_blur on Keras's PyTorch or JAX backend
# and does not name the data format, which by keras.config is channels_last.
# Guess before the run: rows and columns are blurred, each colour by itself, with the numbers of the NumPy backend. The
# documentation says that the data format defaults to keras.config.image_data_format(), and kernel_size and sigma are height and
# width.
# Seen (Keras 3.15.1, torch 2.13.0, jax 0.10.2): rows are not blurred at all. Instead red, green and blue run into each other and
# into the columns, red and blue lose about a quarter to zeros beside them, and a pure red picture gets green. With
# data_format="channels_last", the same value, the result is right, as it is with NumPy and TensorFlow. On PyTorch an even kernel
# even makes four channels of three. And on all of them sigma=(2, 0.5) blurs the columns by 2 and the rows by 0.5. Nothing warns.
# (keras-team/keras#23542 mends the first in the sources, after this version; for the second there is tensorflow/tensorflow#127247.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 torch==2.13.0 jax==0.10.2 scipy==1.17.1 numpy==2.4.6
cd "$folder"
cat >run.py <<'P'
import keras
import numpy as np
from scipy import ndimage

backend = keras.backend.backend()
print(backend, "with", keras.config.image_data_format())
assert keras.config.image_data_format() == "channels_last"


def by_hand(pictures, axes, size, sigma):
    """Weights by the formula, zeros around, one axis after the other."""
    for axis, n, s in zip(axes, size, sigma):
        weights = np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / s) ** 2)
        pictures = ndimage.convolve1d(pictures, weights / weights.sum(), axis=axis, mode="constant")
    return pictures


def blur(pictures, size, sigma, **options):
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.image.gaussian_blur(pictures, size, sigma, **options)))


def same(a, b):
    return a.shape == b.shape and np.abs(a - b).max() < 1e-4


ROWS, COLUMNS, COLOURS = 1, 2, 3
pictures = np.random.default_rng(0).random((2, 8, 9, 3)).astype(np.float32)
red = np.zeros((1, 8, 9, 3), np.float32) + np.float32([1, 0, 0])
for size in (3, 3), (5, 5):
    sigma = (1.0, 1.0)
    right = by_hand(pictures, (ROWS, COLUMNS), size, sigma)
    found = blur(pictures, size, sigma)
    print("  kernel %s: inside a red picture the colour becomes %.2f %.2f %.2f" % (size, *blur(red, size, sigma)[0, 4, 4]))
    assert same(blur(pictures, size, sigma, data_format="channels_last"), right), "the behaviour has changed"
    first = blur(pictures.transpose(0, 3, 1, 2), size, sigma, data_format="channels_first")
    assert same(first.transpose(0, 2, 3, 1), right), "the behaviour has changed"
    assert same(blur(pictures[0], size, sigma), found[0]), "the behaviour has changed"
    if backend == "numpy":
        assert same(found, right), "the behaviour has changed"
    else:
        assert not same(found, right), "the behaviour has changed"
        assert same(found, by_hand(pictures, (COLUMNS, COLOURS), size, sigma)), "the behaviour has changed"
        assert (blur(red, size, sigma)[..., 1] > 0.1).all(), "the behaviour has changed"

shape = blur(pictures, (4, 4), (1.0, 1.0)).shape
print("  kernel (4, 4): of %s becomes %s" % (pictures.shape, shape))
assert shape == ((2, 8, 10, 4) if backend == "torch" else pictures.shape), "the behaviour has changed"

# Height and width, with the data format named: one strong and one weak sigma.
found = blur(pictures, (3, 3), (2.0, 0.5), data_format="channels_last")
assert not same(found, by_hand(pictures, (ROWS, COLUMNS), (3, 3), (2.0, 0.5))), "the behaviour has changed"
assert same(found, by_hand(pictures, (COLUMNS, ROWS), (3, 3), (2.0, 0.5))), "the behaviour has changed"
print("  sigma=(2, 0.5) blurs columns by 2 and rows by 0.5")
P
for backend in numpy torch jax; do
    KERAS_BACKEND=$backend JAX_PLATFORMS=cpu OMP_NUM_THREADS=1 KERAS_HOME="$folder" venv/bin/python -W error::UserWarning run.py
done
echo "as described"
