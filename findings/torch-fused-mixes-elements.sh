#!/bin/sh
# PyTorch's fused optimizers give one weight the gradient of another on CPU, where weights are channels_last and gradients are
# not.
#
# Who meets it: whoever trains a DCGAN on CPU with what makes it fast there, channels_last and Adam(fused=True), and sets the
# gradients by hand, for example those that MPI summed as NumPy arrays, or resumes with Adam's moments from safetensors, which
# hold plain arrays only.
# Guess before the run: fused=True and fused=False give the same but for rounding, as foreach=True does. On CUDA the fused
# kernel refuses tensors of different strides (https://github.com/pytorch/pytorch/issues/106951), and so would the one for
# CPU.
# Seen (torch 2.13.0, and 2.15.0 by hand): Adam, AdamW, SGD with momentum and Adagrad with fused=True take weights and
# gradients in the order in which each lies in memory. A gradient that lies in another order than its weight is given to other
# weights: right shape, right size of the steps, wrong numbers, and neither an exception nor a warning. So it is with moments
# from a file of plain arrays, since load_state_dict() keeps their strides. fused=False, foreach=True and weights that are not
# channels_last are right. Why: the kernels for CPU go through raw memory, without the check of strides that those for CUDA
# make. Way out: p.grad.copy_(array) where there is a gradient, torch.empty_like(p).copy_(array) where there is none, or
# fused=False.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 safetensors==0.8.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'P'
import numpy as np
import torch
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
print("torch", torch.__version__)
LR, STEPS, SHAPE = 0.01, 4, (16, 3, 4, 4)
rng = np.random.default_rng(0)
FIRST = rng.standard_normal(SHAPE).astype(np.float32)
GRADIENTS = rng.standard_normal((STEPS, *SHAPE)).astype(np.float32)


class Adam:
    """Adam and AdamW as their papers say, in float64."""

    def __init__(self, decay=0.0):
        self.m, self.v, self.decay = 0.0, 0.0, decay

    def __call__(self, w, g, t):
        self.m, self.v = 0.5 * self.m + 0.5 * g, 0.999 * self.v + 0.001 * g * g
        return w - LR * self.decay * w - LR * self.m / (1 - 0.5**t) / (np.sqrt(self.v / (1 - 0.999**t)) + 1e-8)


class Sgd:
    def __init__(self):
        self.m = 0.0

    def __call__(self, w, g, t):
        self.m = 0.9 * self.m + g
        return w - LR * self.m


class Adagrad:
    def __init__(self):
        self.v = 0.0

    def __call__(self, w, g, t):
        self.v = self.v + g * g
        return w - LR * g / (np.sqrt(self.v) + 1e-10)


KINDS = {
    "Adam": (lambda w, **how: torch.optim.Adam([w], LR, (0.5, 0.999), **how), Adam),
    "AdamW": (lambda w, **how: torch.optim.AdamW([w], LR, (0.5, 0.999), weight_decay=0.1, **how), lambda: Adam(0.1)),
    "SGD": (lambda w, **how: torch.optim.SGD([w], LR, 0.9, **how), Sgd),
    "Adagrad": (lambda w, **how: torch.optim.Adagrad([w], LR, **how), Adagrad),
}
LOOP, FOREACH, FUSED = {"fused": False, "foreach": False}, {"foreach": True}, {"fused": True}


def mixed(array):
    """The array whose elements are taken in the order of their places in memory for those of a channels_last one."""
    n, c, h, w = array.shape
    return np.ascontiguousarray(array).reshape(n, h, w, c).transpose(0, 3, 1, 2)


def by_hand(rule, gradients):
    w = FIRST.astype(np.float64)
    for t, g in enumerate(gradients, 1):
        w = rule(w, g.astype(np.float64), t)
    return w


def weight(last):
    w = torch.from_numpy(FIRST.copy())
    return torch.nn.Parameter(w.to(memory_format=torch.channels_last) if last else w)


def close(w, right):
    assert w.shape == right.shape
    return np.allclose(w.detach().numpy(), right, atol=2e-5)


# 1. Gradients set by hand.
for name, (make, rule) in KINDS.items():
    right, other = by_hand(rule(), GRADIENTS), by_hand(rule(), [mixed(g) for g in GRADIENTS])
    for last in False, True:
        for how in LOOP, FOREACH, FUSED:
            w = weight(last)
            optimizer = make(w, **how)
            for g in GRADIENTS:
                w.grad = torch.from_numpy(g.copy())
                optimizer.step()
            error = np.abs(w.detach().numpy() - right).max() / np.abs(right - FIRST).max()
            is_mixed = close(w, other)
            print("%s %s %s: off by %.0f%% of the largest step%s" % (
                name, "channels_last" if last else "plain", how, 100 * error, ", with mixed gradients" if is_mixed else ""))
            assert close(w, right) == (not (last and how is FUSED)), "the behaviour has changed"
            assert is_mixed == (last and how is FUSED), "the behaviour has changed"

# 2. Gradients set in the two ways out.
def fill(w, g):
    w.grad.copy_(torch.from_numpy(g))


def anew(w, g):
    w.grad = torch.empty_like(w).copy_(torch.from_numpy(g))


for way in fill, anew:
    w = weight(True)
    w.grad = torch.zeros_like(w)
    optimizer = KINDS["Adam"][0](w, fused=True)
    for g in GRADIENTS:
        with torch.no_grad():
            way(w, g)
        optimizer.step()
    assert close(w, by_hand(Adam(), GRADIENTS)), "the behaviour has changed"

# 3. Moments that come from a file of plain arrays; the gradients have the weights' own strides.
like = [torch.from_numpy(g).to(memory_format=torch.channels_last) for g in GRADIENTS]
for how in LOOP, FOREACH, FUSED:
    w = weight(True)
    optimizer = KINDS["Adam"][0](w, **how)
    for g in like[:2]:
        w.grad = g.clone()
        optimizer.step()
    moments = optimizer.state[w]
    save_file({key: value.contiguous() for key, value in moments.items()}, "moments.safetensors")
    again = torch.nn.Parameter(w.detach().clone())
    resumed = KINDS["Adam"][0](again, **how)
    state = resumed.state_dict()
    state["state"] = {0: load_file("moments.safetensors")}
    resumed.load_state_dict(state)
    assert all(torch.equal(resumed.state[again][key], moments[key]) for key in moments)
    for g in like[2:]:
        for p, o in (w, optimizer), (again, resumed):
            p.grad = g.clone()
            o.step()
    w, again = w.detach(), again.detach()
    off = float((again - w).abs().max() / (w - torch.from_numpy(FIRST)).abs().max())
    print("Adam channels_last %s resumed with the same moments: off by %.0f%% of the largest step" % (how, 100 * off))
    assert close(w, by_hand(Adam(), GRADIENTS))
    assert off > 0.1 if how is FUSED else off < 1e-4, "the behaviour has changed"
P
echo "as described"
