"""Reference tensors for the tests of layers, losses, Adam and whole training steps.

Everything is computed by PyTorch in double precision and stored as float32; activations are channels last [n, h, w, c],
parameters in PyTorch's own layouts. Made with torch on the CPU (version and seed are in each file's metadata); run it in this folder:

    python make_references.py

For the ten GAN steps it also records how far PyTorch's own float32 run ends from its float64 run: the tests allow ours a
small multiple of that.
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from networks import Discriminator, Generator, conv, conv_transpose, kinks, leaky, start
from record import case, out, put, put_picture, rounded

torch.manual_seed(1)
torch.set_num_threads(1)
D = torch.float64


def linear_layers():
    w, b = rounded(20, 3, 5, 5, scale=0.2), rounded(20)
    case("conv_s2", rounded(2, 3, 6, 8), dict(weight=w, bias=b), lambda x, weight, bias: leaky(conv(x, weight, bias, 2)))
    w, b = rounded(5, 18, 3, 3, scale=0.2), rounded(5)
    case("conv_s1", rounded(2, 18, 5, 7), dict(weight=w, bias=b), lambda x, weight, bias: conv(x, weight, bias, 1))
    w, b = rounded(6, 20, 5, 5, scale=0.2), rounded(20)
    case("trans_s2", rounded(2, 6, 3, 4), dict(weight=w, bias=b),
         lambda x, weight, bias: leaky(conv_transpose(x, weight, bias, 2)))
    w, b = rounded(10, 3, 5, 5, scale=0.1), rounded(3)
    case("trans_s1", rounded(2, 10, 6, 4), dict(weight=w, bias=b),
         lambda x, weight, bias: torch.tanh(conv_transpose(x, weight, bias, 1)))
    w, b = rounded(2 * 3 * 10, 7), rounded(2 * 3 * 10)
    case("dense_out", rounded(4, 7), dict(weight=w, bias=b),
         lambda x, weight, bias: leaky(F.linear(x, weight, bias)).view(-1, 10, 2, 3))
    w, b = rounded(3, 2 * 3 * 10), rounded(3)
    case("dense_in", rounded(4, 10, 2, 3), dict(weight=w, bias=b),
         lambda x, weight, bias: F.linear(x.flatten(1), weight, bias))


def batch_norm():
    for name, channels in (("norm19", 19), ("norm32", 32)):
        mean, var = torch.zeros(channels, dtype=D), torch.ones(channels, dtype=D)
        first = rounded(3, channels, 4, 6) + 10
        gamma, beta = rounded(channels), rounded(channels)
        F.batch_norm(first, mean, var, gamma, beta, True, 0.01, 1e-5)
        put_picture(f"{name}.first", first)
        case(name, rounded(3, channels, 4, 6) * 3 + 10, dict(weight=gamma, bias=beta),
             lambda x, weight, bias: leaky(F.batch_norm(x, mean, var, weight, bias, True, 0.01, 1e-5)))
        put(f"{name}.running_mean", mean)
        put(f"{name}.running_var", var)
        put_picture(f"{name}.inference", leaky(F.batch_norm(first, mean, var, gamma, beta, False, 0.01, 1e-5)))


def losses():
    x = rounded(2, 11, scale=4).flatten()
    x[0], x[1] = 80, -80
    put("loss.x", x)
    target = (torch.arange(22) % 5).to(D) / 4
    put("loss.target", target)
    x.requires_grad_()
    for name, loss in (
        ("cross_entropy", F.binary_cross_entropy_with_logits(x, target)),
        ("hinge_real", F.relu(1 - x).mean()), ("hinge_fake", F.relu(1 + x).mean()), ("hinge_generator", -x.mean()),
    ):
        put(f"loss.{name}", loss.reshape(1))
        put(f"loss.{name}.dx", torch.autograd.grad(loss, x)[0])


def adam():
    p = rounded(37)
    put("adam.start", p)
    p.requires_grad_()
    optimizer = torch.optim.Adam([p], 1e-2, (0.5, 0.999), 1e-8)
    gradients = rounded(10, 37) * torch.logspace(-9, 1, 37, dtype=torch.float32).to(D)
    put("adam.gradients", gradients)
    for g in gradients.to(torch.float32).to(D):
        p.grad = g.clone()
        optimizer.step()
    put("adam.end", p)
    put("adam.exp_avg", optimizer.state[p]["exp_avg"])
    put("adam.exp_avg_sq", optimizer.state[p]["exp_avg_sq"])


linear_layers()
batch_norm()
losses()
adam()
save_file(out, "layers.safetensors", metadata={"torch": torch.__version__.split("+")[0], "seed": "1"})


# Ten steps of a small GAN: 32x32 pictures, width 4, 8 latent numbers, batch 4, the recipe's rates.
SIZE, WIDTH, LATENT, BATCH, STEPS = 32, 4, 8, 4, 10


def tensors(generator, discriminator):
    found = {}
    for prefix, module in (("generator", generator), ("discriminator", discriminator)):
        for name, value in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                found[f"{prefix}.{name}"] = value.detach().clone()
    return found


def train(precision, state, reals, latents, first_gradients):
    g, d = Generator(SIZE, WIDTH, LATENT).to(precision), Discriminator(SIZE, WIDTH).to(precision)
    for prefix, module in (("generator", g), ("discriminator", d)):
        module.load_state_dict(
            {k.removeprefix(prefix + "."): v for k, v in state.items() if k.startswith(prefix + ".")}, strict=False)
    og = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), 1e-8)
    od = torch.optim.Adam(d.parameters(), 5e-5, (0.5, 0.999), 1e-8)
    bce = F.binary_cross_entropy_with_logits
    report = []
    for step in range(STEPS):
        real, z = reals[step].to(precision), latents[step].to(precision)
        fake = g(z)
        lr, lf = d(real), d(fake.detach())
        loss_d = bce(lr, torch.full_like(lr, 0.9)) + bce(lf, torch.zeros_like(lf))
        od.zero_grad()
        loss_d.backward()
        if step == 0:
            for name, p in d.named_parameters():
                first_gradients[f"gradient.discriminator.{name}"] = p.grad.clone()
        od.step()
        logits = d(fake)
        loss_g = bce(logits, torch.ones_like(logits))
        og.zero_grad()
        loss_g.backward()
        if step == 0:
            for name, p in g.named_parameters():
                first_gradients[f"gradient.generator.{name}"] = p.grad.clone()
        og.step()
        report.append([loss_d.item(), loss_g.item(), lr.sigmoid().mean().item(), lf.sigmoid().mean().item()])
    return torch.tensor(report, dtype=D), tensors(g, d)


def attempt(seed):
    torch.manual_seed(seed)
    generator, discriminator = Generator(SIZE, WIDTH, LATENT).to(D), Discriminator(SIZE, WIDTH).to(D)
    start(generator, rounded)
    start(discriminator, rounded)
    state = tensors(generator, discriminator)
    reals = torch.tanh(rounded(STEPS, BATCH, 3, SIZE, SIZE)).mul(127).round().div(128)
    latents = (torch.rand(STEPS, BATCH, LATENT) * 2 - 1).to(torch.float32).to(D)
    gradients = {}
    kinks.clear()
    report, end = train(D, state, reals, latents, gradients)
    return min(kinks), state, reals, latents, gradients, report, end


# An input of the leaky ReLU that lies within rounding of 0 may fall on either side of the kink, and then the gradients
# differ for good: of a hundred seeds this takes the one whose nearest is farthest.
seed = max(range(100), key=lambda seed: attempt(seed)[0])
nearest, state, reals, latents, gradients, report, end = attempt(seed)
print("seed", seed, "nearest kink", nearest)
report32, end32 = train(torch.float32, state, reals, latents, {})
trained = [k for k in end if "running" not in k]
# Without the biases that batch normalisation takes out again: their gradients are rounding errors.
trained = [k for k in trained if not (k.endswith("bias") and ("trans_conv" in k or ".conv" in k) and "batch" not in k
                                      and not k.endswith(".conv1.bias"))]
moved = sum(((end[k] - state[k]) ** 2).sum() for k in trained).sqrt()
apart = sum(((end[k] - end32[k].to(D)) ** 2).sum() for k in trained).sqrt()
print("losses:", report[:, :2].tolist())
print("float32 run: losses off by", (report - report32).abs().max().item(), "parameters by", (apart / moved).item())
stored = {f"start.{k}": v for k, v in state.items() if "running" not in k}
stored |= {f"end.{k}": v for k, v in end.items()} | gradients
# Pictures as bytes: value = byte / 128 - 1 exactly.
stored = {k: v.to(torch.float32).contiguous() for k, v in stored.items()}
stored["reals"] = (reals.permute(0, 1, 3, 4, 2) * 128 + 128).round().to(torch.uint8).contiguous()
stored["latents"] = latents.to(torch.float32)
stored["report"] = report.to(torch.float32)
save_file(stored, "steps.safetensors", metadata={
    "torch": torch.__version__.split("+")[0], "seed": str(seed), "float32.losses": repr((report - report32).abs().max().item()),
    "float32.parameters": repr((apart / moved).item())})
