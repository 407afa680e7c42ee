"""Reference tensors for the levers beyond the plain recipe: spectral normalisation, DiffAugment, and both with hinge loss
in whole training steps. Hinge loss alone is in layers.safetensors.

As in make_references.py everything is computed by PyTorch in double precision and stored as float32, pictures channels last
[n, h, w, c] and parameters in PyTorch's own layouts. Version and seeds are in the metadata; run it in this folder:

    python make_levers.py
"""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.nn.utils.parametrizations import spectral_norm

from networks import Discriminator, Generator, conv, kinks, start
from record import out, put, put_picture, rounded

sys.path.append("..")
from splitmix import Random

torch.manual_seed(1)
torch.set_num_threads(1)
D = torch.float64


def draw(n, side, seed_or_random):
    """One row per picture: brightness, saturation, contrast, move down, move right, the hole's row and column."""
    r = seed_or_random if isinstance(seed_or_random, Random) else Random(seed_or_random)
    reach = int(side * 0.125 + 0.5)
    rows = []
    for _ in range(n):
        colour = [r.uniform(-0.5, 0.5), r.uniform(0, 2), r.uniform(0.5, 1.5)]
        move = [r.index(2 * reach + 1) - reach, r.index(2 * reach + 1) - reach]
        rows.append(colour + move + [r.index(side + 1), r.index(side + 1)])
    return torch.tensor(rows, dtype=D)


# DiffAugment's operations (Zhao et al. 2020) with the draws handed in.


def color(x, draws):
    brightness, saturation, contrast = (draws[:, i].view(-1, 1, 1, 1) for i in range(3))
    x = x + brightness
    mean = x.mean(dim=1, keepdim=True)
    x = (x - mean) * saturation + mean
    mean = x.mean(dim=[1, 2, 3], keepdim=True)
    return (x - mean) * contrast + mean


def translation(x, draws):
    n, _, h, w = x.shape
    batch, row, column = torch.meshgrid(torch.arange(n), torch.arange(h), torch.arange(w), indexing="ij")
    row = torch.clamp(row + draws[:, 3].long().view(-1, 1, 1) + 1, 0, h + 1)
    column = torch.clamp(column + draws[:, 4].long().view(-1, 1, 1) + 1, 0, w + 1)
    padded = F.pad(x, [1, 1, 1, 1, 0, 0, 0, 0])
    return padded.permute(0, 2, 3, 1)[batch, row, column].permute(0, 3, 1, 2)


def cutout(x, draws):
    n, _, h, w = x.shape
    size = int(h * 0.5 + 0.5)
    batch, row, column = torch.meshgrid(torch.arange(n), torch.arange(size), torch.arange(size), indexing="ij")
    row = torch.clamp(row + draws[:, 5].long().view(-1, 1, 1) - size // 2, min=0, max=h - 1)
    column = torch.clamp(column + draws[:, 6].long().view(-1, 1, 1) - size // 2, min=0, max=w - 1)
    mask = torch.ones(n, h, w, dtype=x.dtype)
    mask[batch, row, column] = 0
    return x * mask.unsqueeze(1)


def all_kinds(x, draws):
    return cutout(translation(color(x, draws), draws), draws)


def augmentations():
    n, side = 6, 12
    x = rounded(n, 3, side, side).requires_grad_()
    dy = rounded(n, 3, side, side)
    draws = draw(n, side, 5)
    put("augment.draws", draws)
    put_picture("augment.x", x)
    put_picture("augment.dy", dy)
    for name, function in (("color", color), ("translation", translation), ("cutout", cutout), ("all", all_kinds)):
        y = function(x, draws)
        put_picture(f"augment.{name}.y", y)
        put_picture(f"augment.{name}.dx", torch.autograd.grad(y, x, dy)[0])


def two_passes(name, layer, x_shape, y_shape, apply):
    """A layer alone: two passes, each with a power iteration of its own, gradients added up."""
    layer = layer.to(D)
    layer.weight.data, layer.bias.data = rounded(*layer.weight.shape), rounded(*layer.bias.shape)
    put(f"{name}.weight", layer.weight)
    put(f"{name}.bias", layer.bias)
    spectral_norm(layer)
    normed = layer.parametrizations.weight[0]
    normed._v = F.normalize(rounded(*normed._v.shape), dim=0).to(torch.float32).to(D)
    put(f"{name}.weight_v.start", normed._v)
    for i in range(2):
        x, dy = rounded(*x_shape), rounded(*y_shape)
        y = apply(x, layer)
        y.backward(dy)
        put_picture(f"{name}.x{i}", x)
        for key, value in (("dy", dy), ("y", y)):
            (put_picture if value.dim() == 4 else put)(f"{name}.{key}{i}", value)
    put(f"{name}.dweight", layer.parametrizations.weight.original.grad)
    put(f"{name}.weight_u.end", normed._u)
    put(f"{name}.weight_v.end", normed._v)


augmentations()
two_passes("conv", torch.nn.Conv2d(3, 20, 5, 2), (2, 3, 6, 8), (2, 20, 3, 4),
           lambda x, layer: conv(x, layer.weight, layer.bias, 2))
two_passes("dense", torch.nn.Linear(2 * 3 * 10, 3), (4, 10, 2, 3), (4, 3), lambda x, layer: layer(x.flatten(1)))


# Steps of a small GAN with all of them: 16x16 pictures, width 2, 4 latent numbers, batch 4, both rates 2e-4.
SIZE, WIDTH, LATENT, BATCH, STEPS = 16, 2, 4, 4, 6
LAYERS = [f"conv{i}" for i in range(1, 6)] + ["dense"]
margins = []


def hinge(logits, sign):
    margin = 1 - sign * logits
    margins.append(margin.detach().abs().min().item())
    return F.relu(margin).mean()


def iterate(d):
    """One power iteration in every layer; `eval` then keeps u and v while the passes compute with them."""
    d.train()
    with torch.no_grad():
        for name in LAYERS:
            getattr(d, name).weight
    d.eval()


def tensors(g, d):
    found = {}
    for prefix, module in (("generator", g), ("discriminator", d)):
        for name, value in module.state_dict().items():
            for old, new in ((".parametrizations.weight.original", ".weight"), (".parametrizations.weight.0._u", ".weight_u"),
                             (".parametrizations.weight.0._v", ".weight_v")):
                name = name.replace(old, new)
            if not name.endswith("num_batches_tracked"):
                found[f"{prefix}.{name}"] = value.detach().clone()
    return found


def networks(precision, weights_of=None):
    """Fresh networks, or those with the weights of others; u and v follow from fifteen iterations in double precision."""
    g, d = Generator(SIZE, WIDTH, LATENT).to(D), Discriminator(SIZE, WIDTH, normalized=False).to(D)
    if weights_of is None:
        start(g, rounded)
        start(d, rounded)
    for name in LAYERS:
        spectral_norm(getattr(d, name))
    if weights_of is not None:
        g.load_state_dict(weights_of[0].state_dict())
        d.load_state_dict(weights_of[1].state_dict())
    for name in LAYERS:
        # What the file can hold.
        for vector in ("_u", "_v"):
            values = getattr(getattr(d, name).parametrizations.weight[0], vector)
            values.copy_(values.to(torch.float32))
    return g.to(precision), d.to(precision).eval()


def train(precision, g, d, reals, latents):
    og = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), 1e-8)
    od = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), 1e-8)
    report = []
    for step in range(STEPS):
        random = Random(100 + step)
        real, z = reals[step].to(precision), latents[step].to(precision)

        def augment(x):
            return all_kinds(x, draw(BATCH, SIZE, random).to(precision))

        fake = g(z)
        lr, lf = d(augment(real)), d(augment(fake.detach()))
        loss_d = hinge(lr, 1) + hinge(lf, -1)
        od.zero_grad()
        loss_d.backward()
        od.step()
        iterate(d)
        loss_g = -d(augment(fake)).mean()
        og.zero_grad()
        loss_g.backward()
        og.step()
        report.append([loss_d.item(), loss_g.item(), lr.sigmoid().mean().item(), lf.sigmoid().mean().item()])
    return torch.tensor(report, dtype=D), tensors(g, d)


def attempt(seed):
    torch.manual_seed(seed)
    fresh = networks(D)
    state = tensors(*fresh)
    first = networks(D, fresh)
    reals = torch.tanh(rounded(STEPS, BATCH, 3, SIZE, SIZE)).mul(127).round().div(128)
    latents = (torch.rand(STEPS, BATCH, LATENT) * 2 - 1).to(torch.float32).to(D)
    kinks.clear()
    margins.clear()
    report, end = train(D, *first, reals, latents)
    return min(kinks + margins), fresh, state, reals, latents, report, end


# See make_references.py: of a hundred seeds the one whose values stay farthest from the kinks of ReLU and hinge.
seed = max(range(100), key=lambda seed: attempt(seed)[0])
nearest, fresh, state, reals, latents, report, end = attempt(seed)
print("seed", seed, "nearest kink", nearest)
report32, end32 = train(torch.float32, *networks(torch.float32, fresh), reals, latents)
# Without the biases that batch normalisation takes out again: their gradients are rounding errors.
learned = [k for k in end if not any(part in k for part in ("running", "weight_u", "weight_v"))
           and not (k.endswith("bias") and ".trans_conv" in k)]
moved = sum(((end[k] - state[k]) ** 2).sum() for k in learned).sqrt()
apart = sum(((end[k] - end32[k].to(D)) ** 2).sum() for k in learned).sqrt()
vectors = [k for k in end if "weight_u" in k or "weight_v" in k]
turned = max((end[k] - end32[k].to(D)).abs().max().item() for k in vectors)
print("losses:", report[:, :2].tolist())
losses = (report - report32).abs().max().item()
print("float32 run: losses off by", losses, "parameters by", (apart / moved).item(), "singular vectors by", turned)
for k, v in state.items():
    if "running" not in k:
        put(f"steps.start.{k}", v)
for k, v in end.items():
    put(f"steps.end.{k}", v)
# Pictures as bytes: value = byte / 128 - 1 exactly.
out["steps.reals"] = (reals.permute(0, 1, 3, 4, 2) * 128 + 128).round().to(torch.uint8).contiguous()
put("steps.latents", latents)
put("steps.report", report)
save_file(out, "levers.safetensors", metadata={
    "torch": torch.__version__.split("+")[0], "seed": "1", "steps.seed": str(seed), "float32.losses": repr(losses),
    "float32.parameters": repr((apart / moved).item()), "float32.vectors": repr(turned)})
