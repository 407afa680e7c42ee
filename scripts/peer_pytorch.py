"""Times the same layers, training step and sampling in PyTorch and prints Google Benchmark's JSON.

Run by scripts/compare-peers; needs torch. Not for quality: padding is symmetric, which costs the same work as SAME and
is PyTorch's fastest way to say it. Each row is the fastest of PyTorch's memory formats (and, with --compile, of the
compiled network), so that we compare with what a good user of PyTorch gets.
"""
import argparse
import json
import os
import re
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

PASSES = ("fwd", "bwd-data", "bwd-filter")
SIZES = {"cats64": 64, "cats128": 128, "dcgan64": 64}


def layers(preset, width):
    """(name, kind, input side, channels in, channels out, kernel, stride, padding) of both networks, in order."""
    if preset == "dcgan64":
        names = [f"main.{i}" for i in (0, 3, 6, 9, 12)]
        ups = zip(names, (1, 4, 8, 16, 32), (100, 8 * width, 4 * width, 2 * width, width),
                  (8 * width, 4 * width, 2 * width, width, 3))
        downs = zip([f"main.{i}" for i in (0, 2, 5, 8, 11)], (64, 32, 16, 8, 4),
                    (3, width, 2 * width, 4 * width, 8 * width), (width, 2 * width, 4 * width, 8 * width, 1))
        return [(f"G.{name}", "transposed", side, a, b, 4, 2 if side > 1 else 1, 1 if side > 1 else 0)
                for name, side, a, b in ups] + [
            (f"D.{name}", "conv", side, a, b, 4, 2 if side > 4 else 1, 1 if side > 4 else 0)
            for name, side, a, b in downs]
    size = SIZES[preset]
    base = size // 16
    rows = [("G.dense", "dense", 1, 100, base * base * 16 * width, 1, 1, 0)]
    for i in range(1, 5):
        channels = width << (4 - i)
        rows.append((f"G.trans_conv{i}", "transposed", base << (i - 1), 2 * channels, channels, 5, 2, 2))
    rows.append(("G.logits", "transposed", size, width, 3, 5, 1, 2))
    side = size
    for i, stride in enumerate((2, 2, 2, 1, 2), 1):
        rows.append((f"D.conv{i}", "conv", side, 3 if i == 1 else width << (i - 2), width << (i - 1), 5, stride, 2))
        side //= stride
    rows.append(("D.dense", "dense", 1, base * base * 16 * width, 1, 1, 1, 0))
    return rows


def timed(body, repetitions, minimum):
    """Seconds per call: `repetitions` samples, each long enough that together they last `minimum` seconds."""
    body()
    start = time.perf_counter()
    body()
    once = time.perf_counter() - start
    count = max(1, int(minimum / repetitions / max(once, 1e-9)) + 1) if minimum > 0 else 1
    samples = []
    for _ in range(repetitions):
        start = time.perf_counter()
        for _ in range(count):
            body()
        samples.append((time.perf_counter() - start) / count)
    return samples, count


def row(name, label, samples, count, flops=None, images=None):
    seconds = statistics.median(samples)
    entry = {
        "name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
        "threads": torch.get_num_threads(), "iterations": count, "real_time": seconds * 1e3,
        "cpu_time": seconds * 1e3, "time_unit": "ms", "min_time": min(samples) * 1e3, "label": label,
    }
    if flops:
        entry["direct_gflops"] = flops / seconds / 1e9
    if images:
        entry["ms_per_image"] = seconds * 1e3 / images
        entry["images_per_second"] = images / seconds
    return entry


def layer_bodies(kind, side, cin, cout, kernel, stride, padding, batch, memory):
    """Callables for the three passes, and the operations of one pass."""
    if kind == "dense":
        x, w, g = torch.rand(batch, cin), torch.rand(cout, cin), torch.rand(batch, cout)
        b = torch.rand(cout)
        return (lambda: F.linear(x, w, b), lambda: g @ w, lambda: g.t() @ x), 2.0 * batch * cin * cout
    transposed = kind == "transposed"
    if transposed:
        # 5x5 doubles the side with a pixel of output padding, 4x4 without.
        extra = [stride - 1 if kernel == 5 else 0] * 2
        out_side = (side - 1) * stride - 2 * padding + kernel + extra[0]
        w = torch.rand(cin, cout, kernel, kernel)
        positions = side * side
    else:
        out_side = (side + 2 * padding - kernel) // stride + 1
        extra = [0, 0]
        w = torch.rand(cout, cin, kernel, kernel)
        positions = out_side * out_side
    x = torch.rand(batch, cin, side, side).contiguous(memory_format=memory)
    g = torch.rand(batch, cout, out_side, out_side).contiguous(memory_format=memory)
    w = w.contiguous(memory_format=memory)
    b = torch.rand(cout)

    def forward():
        if transposed:
            return F.conv_transpose2d(x, w, b, stride=stride, padding=padding, output_padding=extra[0])
        return F.conv2d(x, w, b, stride=stride, padding=padding)

    def backward(mask):
        return torch.ops.aten.convolution_backward(
            g, x, w, [cout], [stride] * 2, [padding] * 2, [1, 1], transposed, extra, 1, mask)

    bodies = (forward, lambda: backward([True, False, False]), lambda: backward([False, True, False]))
    return bodies, 2.0 * batch * positions * kernel * kernel * cin * cout


class Generator(nn.Module):
    latent = (100,)

    def __init__(self, size, width):
        super().__init__()
        self.base, self.channels = size // 16, 16 * width
        chain = [width << s for s in (4, 3, 2, 1, 0)]
        self.dense = nn.Linear(100, self.base * self.base * self.channels)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 5, 2, 2, output_padding=1) for a, b in zip(chain, chain[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in chain[1:])
        self.logits = nn.ConvTranspose2d(width, 3, 5, 1, 2)

    def forward(self, z):
        x = F.leaky_relu(self.dense(z).view(-1, self.channels, self.base, self.base), 0.2)
        if self.logits.weight.is_contiguous(memory_format=torch.channels_last):
            x = x.contiguous(memory_format=torch.channels_last)
        for up, norm in zip(self.up, self.norms):
            x = F.leaky_relu(norm(up(x)), 0.2)
        return torch.tanh(self.logits(x))


class Discriminator(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        chain = [3] + [width << s for s in range(5)]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 5, s, 2) for a, b, s in zip(chain, chain[1:], (2, 2, 2, 1, 2)))
        self.norms = nn.ModuleList([nn.Identity()] + [nn.BatchNorm2d(c) for c in chain[2:]])
        self.dense = nn.Linear((size // 16) ** 2 * 16 * width, 1)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return self.dense(x.flatten(1))


class Chain(nn.Sequential):
    """The networks of PyTorch's DCGAN example."""
    latent = (100, 1, 1)

    def __init__(self, prefix, width):
        chain = []
        for name, kind, side, a, b, kernel, stride, padding in layers("dcgan64", width):
            if name.startswith(prefix):
                one = nn.ConvTranspose2d if kind == "transposed" else nn.Conv2d
                chain.append(one(a, b, kernel, stride, padding, bias=False))
                if prefix == "G":
                    chain += [nn.Tanh()] if b == 3 else [nn.BatchNorm2d(b), nn.ReLU(True)]
                elif b > 1:
                    chain += ([] if a == 3 else [nn.BatchNorm2d(b)]) + [nn.LeakyReLU(0.2, True)]
        super().__init__(*chain)


def networks_of(preset, width):
    if preset == "dcgan64":
        return Chain("G", width), Chain("D", width)
    return Generator(SIZES[preset], width), Discriminator(SIZES[preset], width)


def step_body(g, d, real):
    """One GAN step as the recipe has it: the same z for both updates, G's forward once, no filter gradients of D in
    G's update."""
    fake_of, score = g, d
    adam_g = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999))
    adam_d = torch.optim.Adam(d.parameters(), 5e-5, (0.5, 0.999))
    bce = F.binary_cross_entropy_with_logits

    def body():
        fake = fake_of(torch.rand(len(real), *g.latent) * 2 - 1)
        on_real, on_fake = score(real), score(fake.detach())
        loss = bce(on_real, torch.full_like(on_real, 0.9)) + bce(on_fake, torch.zeros_like(on_fake))
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        for parameter in d.parameters():
            parameter.requires_grad_(False)
        on_fake = score(fake)
        adam_g.zero_grad()
        bce(on_fake, torch.ones_like(on_fake)).backward()
        adam_g.step()
        for parameter in d.parameters():
            parameter.requires_grad_(True)

    return body


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", default="layers,step,sample", help="of gemm, conv, layers, step, sample")
    parser.add_argument("--shapes", nargs="*", default=[], help="gemm's, such as m256n256k256, or conv's")
    parser.add_argument("--preset", default="cats128", choices=SIZES)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--images", default="1,16,64")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--isa", default="")
    parser.add_argument("--filter", default="")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--min-time", type=float, default=0.3)
    parser.add_argument("--compile", action="store_true")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    size = SIZES[a.preset]
    topics = a.topics.split(",")
    place = f"{a.isa or 'native'}/t{a.threads}"
    network = f"{a.preset}/w{a.width}/b{a.batch_size}"
    formats = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
    rows = []

    def fastest(name, candidates, flops=None, images=None):
        """Adds a row for the fastest of `candidates`: label -> body, built one at a time to bound memory."""
        if not re.search(a.filter, name):
            return
        print(name, file=sys.stderr)
        best = None
        for label, build in candidates.items():
            samples, count = timed(build(), a.repetitions, a.min_time)
            entry = row(name, label, samples, count, flops, images)
            if best is None or entry["real_time"] < best["real_time"]:
                best = entry
        rows.append(best)

    if "gemm" in topics:
        for product in a.shapes:
            m, n, k = map(int, re.findall(r"\d+", product))

            def build_product(transposed, m=m, n=n, k=k):
                x, y, out = torch.rand(m, k), torch.rand(n, k).t() if transposed else torch.rand(k, n), torch.empty(m, n)
                return lambda: torch.mm(x, y, out=out)
            with torch.no_grad():
                fastest(f"gemm/{product}/{place}", {
                    label: lambda transposed=transposed: build_product(transposed)
                    for label, transposed in (("torch.mm", False), ("torch.mm, B transposed", True))}, 2.0 * m * n * k)
    if "conv" in topics:
        for shape in a.shapes:
            # n16-56x56x64-28x28x128-k3x3-s2-p1.1.1.1
            n, h, w, cin, oh, ow, cout, kh, kw, stride, top, left, *_ = map(int, re.findall(r"\d+", shape))

            def build_convolution(memory, index):
                x = torch.rand(n, cin, h, w).contiguous(memory_format=memory)
                f = torch.rand(cout, cin, kh, kw).contiguous(memory_format=memory)
                g = torch.rand(n, cout, oh, ow).contiguous(memory_format=memory)
                if index == 0:
                    return lambda: F.conv2d(x, f, None, stride=stride, padding=(top, left))
                mask = [index == 1, index == 2, False]
                return lambda: torch.ops.aten.convolution_backward(
                    g, x, f, None, [stride] * 2, [top, left], [1, 1], False, [0, 0], 1, mask)
            with torch.no_grad():
                for index, which in enumerate(PASSES):
                    fastest(f"conv/{shape}/{which}/pytorch/{place}", {
                        label: lambda memory=memory, index=index: build_convolution(memory, index)
                        for label, memory in formats.items()}, 2.0 * n * oh * ow * kh * kw * cin * cout)
    if "layers" in topics:
        with torch.no_grad():
            for name, kind, *shape in layers(a.preset, a.width):
                _, flops = layer_bodies(kind, *shape, 1, torch.contiguous_format)
                for index, which in enumerate(PASSES):
                    if name in ("G.dense", "G.main.0") and which == "bwd-data":
                        continue
                    fastest(f"layer/{name}/{which}/pytorch/{network}/{place}", {
                        label: lambda kind=kind, shape=shape, memory=memory, index=index: layer_bodies(
                            kind, *shape, a.batch_size, memory)[0][index]
                        for label, memory in formats.items()}, flops * a.batch_size)

    def networks(memory, compiled):
        g, d = (network.to(memory_format=memory) for network in networks_of(a.preset, a.width))
        if compiled:
            g.compile()
            d.compile()
        return g, d

    kinds = {label: (memory, False) for label, memory in formats.items()}
    if a.compile:
        kinds["compiled, channels last"] = (torch.channels_last, True)

    if "step" in topics:
        def build_step(memory, compiled):
            real = (torch.rand(a.batch_size, 3, size, size) * 2 - 1).contiguous(memory_format=memory)
            return step_body(*networks(memory, compiled), real)
        fastest(f"step/{network}/{place}", {
            label: lambda kind=kind: build_step(*kind) for label, kind in kinds.items()}, images=a.batch_size)
    if "sample" in topics:
        for n in map(int, a.images.split(",")):
            def build_sample(memory, compiled, n=n):
                g = networks(memory, compiled)[0].eval()
                z = torch.rand(n, *g.latent) * 2 - 1

                def body():
                    with torch.inference_mode():
                        g(z)
                return body
            fastest(f"sample/{a.preset}/w{a.width}/n{n}/{place}", {
                label: lambda kind=kind: build_sample(*kind) for label, kind in kinds.items()}, images=n)
    context = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "executable": "PyTorch " + torch.__version__,
        "num_cpus": os.cpu_count(), "threads": a.threads, "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "library_build_type": "release", "json_schema_version": 1,
    }
    json.dump({"context": context, "benchmarks": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
