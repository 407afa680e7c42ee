#!/bin/sh
# ignite's SSIM with a uniform window is of 5x5 whatever kernel_size says, and with 3x3 its weights add up to 0.36, not to 1.
#
# Who meets it: whoever follows a generator's reconstructions with ignite.metrics.SSIM(gaussian=False, kernel_size=7), to
# compare with scikit-image, whose window is uniform and 7x7 unless asked otherwise, or with any other size than 5.
# Guess before the run: every pixel of a window of kernel_size x kernel_size weighs the same, all together 1. The
# documentation says that kernel_size is the size of the kernel and gaussian=False a uniform one.
# Seen (pytorch-ignite 0.5.5, torch 2.13.0): the window has one fifth in the middle five places of each axis and zeros in all
# others. With 7, 11 and 21 the result is that of 5x5, and grows no further however large the window. With 3 only three of the
# five fit in: the weights add up to 9/25, what is left over of each mean's square is taken for variance and covariance, and
# two pictures of which one is full of noise score 0.96 where they are 0.33 alike. With 5, and with Gaussian windows of any
# size, the result is right. A picture compared with itself gives 1 all the same, so that the usual test shows nothing.
# Nothing warns.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pytorch-ignite==0.5.5 torch==2.13.0 scipy==1.17.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error::UserWarning - <<'P'
import numpy as np
import torch
from ignite.metrics import SSIM
from scipy import ndimage

torch.set_num_threads(1)


def ignite(x, y, size, gaussian):
    metric = SSIM(data_range=1.0, kernel_size=size, sigma=1.5, gaussian=gaussian)
    metric.update((torch.from_numpy(x), torch.from_numpy(y)))
    return metric.compute()


def by_hand(x, y, weights):
    """SSIM by its formula, with one axis' weights, mirrored at the edges and averaged over all pixels."""
    def local(picture):
        for axis in 2, 3:
            picture = ndimage.correlate1d(picture, weights, axis=axis, mode="mirror")
        return picture

    mx, my = local(x), local(y)
    vx, vy, vxy = local(x * x) - mx * mx, local(y * y) - my * my, local(x * y) - mx * my
    return float(((2 * mx * my + 0.01 ** 2) * (2 * vxy + 0.03 ** 2)
                  / ((mx * mx + my * my + 0.01 ** 2) * (vx + vy + 0.03 ** 2))).mean())


def uniform(size):
    return np.full(size, 1 / size)


def fifths(size):
    weights = np.zeros(size)
    weights[max(size // 2 - 2, 0):size // 2 + 3] = 1 / 5
    return weights


def gauss(size):
    weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / 1.5) ** 2)
    return weights / weights.sum()


random = np.random.default_rng(0)
x = ndimage.gaussian_filter(random.random((4, 3, 64, 64)), (0, 0, 2, 2))
x = (x - x.min()) / (x.max() - x.min())
y = np.clip(x + 0.1 * random.standard_normal(x.shape), 0, 1)
for size in 3, 5, 7, 11, 21:
    right, found = by_hand(x, y, uniform(size)), ignite(x, y, size, False)
    print("%2dx%-2d uniform: %.4f, by hand %.4f" % (size, size, found, right))
    assert np.isclose(ignite(x, y, size, True), by_hand(x, y, gauss(size)), atol=1e-5), "the behaviour has changed"
    assert np.isclose(found, by_hand(x, y, fifths(size)), atol=1e-5), "the behaviour has changed"
    if size == 5:
        assert np.isclose(found, right, atol=1e-5), "the behaviour has changed"
    else:
        assert abs(found - right) > 0.02, "the behaviour has changed"
    if size > 5:
        assert np.isclose(found, ignite(x, y, 5, False), atol=1e-5), "the behaviour has changed"
    assert np.isclose(ignite(x, x, size, False), 1, atol=1e-5), "the behaviour has changed"

for a, b in (0.5, 0.6), (0.2, 0.8):
    flat = np.full((1, 1, 32, 32), a), np.full((1, 1, 32, 32), b)
    right, found = by_hand(*flat, uniform(3)), ignite(*flat, 3, False)
    print(" 3x3  uniform, flat pictures of %.1f and %.1f: %.4f, by hand %.4f" % (a, b, found, right))
    assert abs(found - right) > 0.01, "the behaviour has changed"
P
echo "as described"
