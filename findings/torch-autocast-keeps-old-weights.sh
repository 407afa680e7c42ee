#!/bin/sh
# PyTorch's autocast goes on with old weights: checkpoints loaded in one autocast region all make the first one's pictures.
#
# Who meets it: whoever scores several checkpoints of a generator, or its weights and their moving average in turn, in one
# `with torch.autocast("cpu", torch.bfloat16)`, or has a critic's five steps in one.
# Guess before the run: what follows load_state_dict() or optimizer.step() uses the new weights, in bfloat16.
# Seen (torch 2.13.0, and 2.15.0 by hand): convolutions go on with the weights of the first forward pass until the outermost
# region ends, also under no_grad(). BatchNorm, which stays in float32, takes the new ones: with it each later checkpoint's
# pictures are of a network that never was, the first one's convolutions with the new one's norms. A critic's loss on one
# batch is the same in each of five steps, while its weights move on. Neither an exception nor a warning tells. In
# inference_mode(), for weights with requires_grad False, and with cache_enabled=False it is right. Why: autocast keeps each
# weight's bfloat16 copy by the identity of the tensor and never asks whether it was written to since. The documentation says
# that a region should have forward passes only (the scoring of checkpoints has no other), and of cache_enabled no more than
# that it is for the weight cache; its own example of inference has the loop inside of the region
# (https://docs.pytorch.org/docs/stable/amp.html). Way out: a region for each forward pass, cache_enabled=False, or
# torch.clear_autocast_cache() after each change.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'P'
import contextlib

import numpy as np
import torch
from torch.nn.functional import softplus

torch.set_num_threads(1)
print("torch", torch.__version__)
NOISE = torch.randn(4, 8, 1, 1, generator=torch.Generator().manual_seed(0))


def generator(norm):
    return torch.nn.Sequential(
        torch.nn.ConvTranspose2d(8, 3, 4, bias=False), torch.nn.BatchNorm2d(3) if norm else torch.nn.Identity()).eval()


def checkpoint(number, norm):
    """Weights as of another training each: of the convolution and, if there is one, of all of BatchNorm."""
    random = torch.Generator().manual_seed(number)
    state = generator(norm).state_dict()
    return {key: torch.rand(value.shape, generator=random) + number if value.is_floating_point() else value
            for key, value in state.items()}


def short(array):
    """float32 rounded to bfloat16, by hand."""
    bits = np.asarray(array, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)


def by_hand(weights, norms):
    """The pictures, with the convolution of one checkpoint and BatchNorm of another: of 1x1 a ConvTranspose is a product."""
    picture = short(np.tensordot(short(NOISE[:, :, 0, 0].numpy()), short(weights["0.weight"].numpy()), 1))
    if "1.weight" in norms:
        weight, bias, mean, var = (norms["1." + key].numpy()[:, None, None] for key in (
            "weight", "bias", "running_mean", "running_var"))
        picture = (picture - mean) / np.sqrt(var + 1e-5) * weight + bias
    return picture


def near(picture, right):
    return float(np.abs(picture - right).max()) < 0.02 * float(np.abs(right).max())


WAYS = {
    "one region": (contextlib.nullcontext, {}, True),
    "one region, no_grad": (torch.no_grad, {}, True),
    "one region, inference_mode": (torch.inference_mode, {}, False),
    "one region, frozen": (contextlib.nullcontext, {}, False),
    "one region, cache_enabled=False": (torch.no_grad, {"cache_enabled": False}, False),
    "a region each": (torch.no_grad, None, False),
}
for norm in False, True:
    states = [checkpoint(number, norm) for number in range(3)]
    for name, (mode, how, stale) in WAYS.items():
        net = generator(norm)
        outer = torch.autocast("cpu", torch.bfloat16, **how) if how is not None else contextlib.nullcontext()
        inner = contextlib.nullcontext() if how is not None else torch.autocast("cpu", torch.bfloat16)
        pictures = []
        with mode(), outer:
            for state in states:
                net.load_state_dict(state)
                net.requires_grad_("frozen" not in name)
                with inner:
                    pictures.append(net(NOISE).float().detach().numpy().copy())
        assert all(torch.equal(net.state_dict()[key], states[-1][key]) for key in states[-1])
        own = [near(picture, by_hand(state, state)) for picture, state in zip(pictures, states)]
        first = [near(picture, by_hand(states[0], state)) for picture, state in zip(pictures, states)]
        print("%s, %s BatchNorm: pictures of the checkpoint itself %s, with the first one's convolution %s" % (
            name, "with" if norm else "without", own, first))
        assert own == ([True, False, False] if stale else [True] * 3), "the behaviour has changed"
        assert first == ([True] * 3 if stale else [True, False, False]), "the behaviour has changed"
        if stale and not norm:
            assert all(np.array_equal(picture, pictures[0]) for picture in pictures), "the behaviour has changed"

# Five steps of a critic on the same pictures.
for cache in True, False:
    torch.manual_seed(0)
    real, fake = torch.randn(8, 1, 4, 4) + 1, torch.randn(8, 1, 4, 4)
    critic = torch.nn.Conv2d(1, 1, 4, bias=False)
    optimizer = torch.optim.SGD(critic.parameters(), 0.1)
    losses, norms = [], []
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=cache):
        for _ in range(5):
            loss = softplus(critic(fake).float()).mean() + softplus(-critic(real).float()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            norms.append(critic.weight.norm().item())
    print("cache_enabled=%s: losses of five steps %s, lengths of the weight %s" % (
        cache, " ".join("%.4f" % loss for loss in losses), " ".join("%.3f" % norm for norm in norms)))
    assert len(set(norms)) == 5
    assert len(set(losses)) == (1 if cache else 5), "the behaviour has changed"
    if not cache:
        assert losses == sorted(losses, reverse=True), "the behaviour has changed"
P
echo "as described"
