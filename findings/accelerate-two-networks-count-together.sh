#!/bin/sh
# Accelerate counts the batches of both networks together: with gradient accumulation over 2 a GAN's discriminator never
# learns.
#
# Who meets it: whoever trains a GAN with Accelerator(gradient_accumulation_steps=2) or 4 and gives each network's step a
# `with accelerator.accumulate(network)` of its own, as the guide's warning that only one forward and backward pass should be
# inside of one leads to (https://huggingface.co/docs/accelerate/usage_guides/gradient_accumulation).
# Guess before the run: each network steps at each second batch, with the mean of the gradients of two.
# Seen (accelerate 1.15.0, torch 2.13.0): with 2 the generator steps at each batch, with half of that one batch's gradient,
# and the discriminator only at the last batch of an epoch, with half of the sum of all batches' gradients. With 4 the
# generator steps at each second batch, with half of the mean, and the discriminator again at the last one only. Losses and
# logs go on as ever, without a word. With 3 each steps at each third batch, if not at the same one, and nearly as one would
# guess. With `with accelerator.accumulate(discriminator, generator)` around both steps 2, 3 and 4 are right. Why:
# accumulate() adds one to a single counter, whichever network it is given, and where the counter is no multiple of
# gradient_accumulation_steps, step() and zero_grad() of every prepared optimizer do nothing. Said of one context in another,
# not of one after another, in https://github.com/huggingface/accelerate/pull/1708. Way out: one accumulate() of both networks
# for each batch.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet accelerate==1.15.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import accelerate
import numpy as np
import torch
from torch.nn.functional import softplus

torch.set_num_threads(1)
print("accelerate", accelerate.__version__, "torch", torch.__version__)
BATCHES, SIZE, LR = 12, 8, 0.2
accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
rng = np.random.default_rng(0)
REAL = rng.standard_normal((BATCHES, SIZE, 16)).astype(np.float32) + 1
NOISE = rng.standard_normal((2, BATCHES, SIZE, 4)).astype(np.float32)
FIRST_G, FIRST_D = rng.standard_normal((4, 16)).astype(np.float32) / 4, rng.standard_normal(16).astype(np.float32) / 4


def train(together):
    """One epoch; returns the weights after each batch."""
    generator = torch.nn.ConvTranspose2d(4, 1, 4, bias=False)
    discriminator = torch.nn.Conv2d(1, 1, 4, bias=False)
    with torch.no_grad():
        generator.weight.copy_(torch.from_numpy(FIRST_G).view(4, 1, 4, 4))
        discriminator.weight.copy_(torch.from_numpy(FIRST_D).view(1, 1, 4, 4))
    pictures = torch.utils.data.DataLoader(torch.from_numpy(REAL).view(-1, 1, 4, 4), batch_size=SIZE)
    for_g, for_d = (torch.optim.SGD(net.parameters(), LR) for net in (generator, discriminator))
    generator, discriminator, for_g, for_d, pictures = accelerator.prepare(generator, discriminator, for_g, for_d, pictures)

    def learn_d(real, noise):
        fake = generator(noise).detach()
        accelerator.backward(softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean())
        for_d.step()
        for_d.zero_grad()

    def learn_g(noise):
        discriminator.requires_grad_(False)
        accelerator.backward(softplus(-discriminator(generator(noise))).mean())
        discriminator.requires_grad_(True)
        for_g.step()
        for_g.zero_grad()

    history = []
    for real, one, other in zip(pictures, *torch.from_numpy(NOISE)[..., None, None]):
        if together:
            with accelerator.accumulate(discriminator, generator):
                learn_d(real, one)
                learn_g(other)
        else:
            with accelerator.accumulate(discriminator):
                learn_d(real, one)
            with accelerator.accumulate(generator):
                learn_g(other)
        history.append([net.weight.detach().numpy().ravel().copy() for net in (discriminator, generator)])
    return history


def logistic(x):
    return 1 / (1 + np.exp(-x))


def by_hand(steps, d_steps, g_steps):
    """The same where the networks step after the batches for which d_steps and g_steps are true; gradients divided by `steps`."""
    d, g = FIRST_D.astype(np.float64), FIRST_G.astype(np.float64)
    sum_d, sum_g = np.zeros_like(d), np.zeros_like(g)
    history = []
    for i in range(BATCHES):
        real, fake = REAL[i], NOISE[0, i] @ g
        sum_d += (logistic(fake @ d) @ fake - logistic(-(real @ d)) @ real) / SIZE / steps
        if d_steps(i):
            d, sum_d = d - LR * sum_d, np.zeros_like(d)
        noise = NOISE[1, i]
        sum_g -= noise.T @ np.outer(logistic(-(noise @ g @ d)), d) / SIZE / steps
        if g_steps(i):
            g, sum_g = g - LR * sum_g, np.zeros_like(g)
        history.append([d.copy(), g.ravel().copy()])
    return history


def same(history, other):
    return all(np.allclose(a, b, atol=1e-5) for one, two in zip(history, other) for a, b in zip(one, two))


def last(i):
    return i == BATCHES - 1


def each(n, rest=None):
    return lambda i: i % n == (n - 1 if rest is None else rest) or last(i)


SEEN = {1: (each(1), each(1)), 2: (last, each(1)), 3: (each(3, 1), each(3, 2)), 4: (last, each(2))}
for steps in 1, 2, 3, 4:
    accelerator.gradient_accumulation_steps = steps
    guess = by_hand(steps, each(steps), each(steps))
    for together in False, True:
        history = train(together)
        before = [[FIRST_D, FIRST_G.ravel()], *history[:-1]]
        moves = ["".join("." if np.array_equal(a[k], b[k]) else "x" for a, b in zip(before, history)) for k in (0, 1)]
        right = same(history, guess)
        print("accumulation over %d, %s: discriminator %s, generator %s, %s" % (
            steps, "one accumulate() of both" if together else "an accumulate() of each", *moves,
            "as guessed" if right else "not as guessed"))
        assert right == (together or steps == 1), "the behaviour has changed"
        assert together or same(history, by_hand(steps, *SEEN[steps])), "the behaviour has changed"
P
if grep -iE 'accumulat|discriminator|optimizer' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
