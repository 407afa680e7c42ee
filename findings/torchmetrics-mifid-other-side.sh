#!/bin/sh
# torchmetrics' MiFID asks of every real picture whether it was copied, not of every made one whether it is a copy.
#
# Who meets it: whoever measures with MemorizationInformedFrechetInceptionDistance whether a generator only repeats its
# training set.
# Guess before the run: as in the paper (Bai et al. 2021, arXiv:2106.03062) and in Kaggle's code, the distance is the mean
# over the made pictures of the cosine distance to the nearest real one, and the FID is divided by it where it is below
# cosine_distance_eps. So a generator that only hands out copies gets a huge number, and one that mostly makes new pictures
# gets its plain FID.
# Seen (torchmetrics 1.9.0, torch 2.13.0): the mean is over the real pictures, of the distance to the nearest made one. A
# collapsed generator whose pictures are all copies of twenty training pictures is not punished at all: its MiFID is its FID.
# One whose pictures are new but for one in five is punished as if all were copies. And of new pictures only, many are
# punished more than few, as the nearest of many is nearer to each real one; by the paper their number does not matter. Where
# all is copied once the two means are the same, so that the usual test of the metric shows nothing. The documentation says
# "average minimum cosine distance between the features of the real and fake distribution", and not whose average. Nothing
# warns.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torchmetrics==1.9.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error::UserWarning - <<'P'
import numpy as np
import torch
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

torch.set_num_threads(1)
EPS = 0.1


class Features(torch.nn.Module):
    """A stand-in for Inception: the pixels themselves."""

    def forward(self, pictures):
        return pictures.double().flatten(1) / 255


def metric(real, made):
    mifid = MemorizationInformedFrechetInceptionDistance(feature=Features(), cosine_distance_eps=EPS)
    for start in range(0, len(real), 100):
        mifid.update(torch.from_numpy(real[start:start + 100]), real=True)
    for start in range(0, len(made), 100):
        mifid.update(torch.from_numpy(made[start:start + 100]), real=False)
    return float(mifid.compute())


def fid(real, made):
    """By hand: the means' distance, and the covariances by the eigenvalues of their product."""
    x, y = (p.reshape(len(p), -1) / 255 for p in (real, made))
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(a @ b).real.clip(0)).sum()
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * root


def mean_of_nearest(of, to):
    """The mean over `of` of the cosine distance to the nearest of `to`."""
    x, y = (p.reshape(len(p), -1) / np.linalg.norm(p.reshape(len(p), -1).astype(float), axis=1)[:, None] for p in (of, to))
    return (1 - np.abs(x @ y.T)).min(1).mean()


random = np.random.default_rng(0)


def new(count):
    return random.integers(0, 256, (count, 1, 4, 4), dtype=np.uint8)


real = new(500)
cases = {
    "twenty training pictures, 25 times each": np.repeat(real[:20], 25, axis=0),
    "2000 new pictures and 500 copies": np.concatenate([new(2000), real]),
    "100 new pictures": new(100),
    "5000 new pictures": new(5000),
}
seen = {}
for name, made in cases.items():
    plain, found = fid(real, made), metric(real, made)
    of_made, of_real = mean_of_nearest(made, real), mean_of_nearest(real, made)
    seen[name] = found / plain
    print("%s: %.3f to the nearest real, %.3f from real to the nearest made; FID %.4f, MiFID %.4g"
          % (name, of_made, of_real, plain, found))
    if of_real < 1e-9:
        assert found > 1e6 * plain, "the behaviour has changed"
    else:
        assert np.isclose(found, plain / (of_real if of_real < EPS else 1), rtol=1e-3), "the behaviour has changed"
    # The other mean, which the paper takes, would give another number.
    assert abs(of_made - of_real) > 0.005, "the behaviour has changed"

copies, mixed, few, many = seen.values()
assert mean_of_nearest(cases["twenty training pictures, 25 times each"], real) < 1e-9
assert abs(copies - 1) < 1e-3, "the behaviour has changed"
assert mixed > 1e6, "the behaviour has changed"
assert many > 1.5 * few, "the behaviour has changed"
sides = [mean_of_nearest(cases[name], real) for name in ("100 new pictures", "5000 new pictures")]
assert abs(sides[0] / sides[1] - 1) < 0.1, "the behaviour has changed"
print("copies only: %.2f times the FID; four of five new: %.1e times; new only, 100 and 5000: %.2f and %.2f times"
      % (copies, mixed, few, many))
P
echo "as described"
