"""What the PyTorch twins of the examples share: the file that an example wrote, ten steps beside its own, and the speed."""
import sys
import time

import torch
from safetensors import safe_open
from safetensors.torch import load_file


def run(make, inputs):
    """Repeats the ten steps of the file named on the command line.

    make: returns modules by the prefix of their names in the file, and a step, which takes a batch, moves the modules and
    returns the losses. inputs: the names of a batch's tensors.
    """
    path = sys.argv[1]
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        ours = float(file.metadata()["seconds"])

    def take(precision, seed=None):
        """Ten steps from the start: their losses, the weights by their names, and the step.

        seed: of changes to the weights as large as what sums of a thousand products in single precision are off by.
        """
        random = torch.Generator().manual_seed(seed or 0)
        networks, step = make()
        weights = {}
        for prefix, network in networks.items():
            network.to(precision)
            weights |= {prefix + name: p for name, p in network.named_parameters()}
        with torch.no_grad():
            for name, p in weights.items():
                change = 0 if seed is None else 1e-6 * (2 * torch.rand(p.shape, generator=random) - 1)
                p.copy_(tensors[f"start.{name}"] * (1 + change))
        losses = [loss for i in range(10) for loss in step(*batch(i, precision))]
        return torch.tensor(losses, dtype=torch.float64), {name: p.detach() for name, p in weights.items()}, step

    def batch(i, precision):
        return [t.to(precision) if t.is_floating_point() else t for t in (tensors[f"{name}.{i}"] for name in inputs)]

    exact_losses, exact, _ = take(torch.float64)
    start = {name: tensors[f"start.{name}"] for name in exact}

    def distance(losses, weights):
        """From the steps in double precision: of the losses as a part of themselves, of the weights as one of their way."""
        loss = ((losses.double() - exact_losses).abs() / exact_losses.abs().clamp(min=0.1)).max().item()
        apart = sum((weights[name].double() - p).square().sum().item() for name, p in exact.items())
        way = sum((start[name].double() - p).square().sum().item() for name, p in exact.items())
        return loss, (apart / way) ** 0.5

    losses, weights, step = take(torch.float32)
    theirs = [distance(losses, weights)] + [distance(*take(torch.float32, seed)[:2]) for seed in range(6)]
    limits = [max(of) for of in zip(*theirs)]
    found = distance(tensors["losses"], {name: tensors[f"end.{name}"] for name in exact})
    print(f"ten steps beside double precision: losses off by {found[0]:.1e} of themselves (PyTorch's by up to"
          f" {limits[0]:.1e}), weights by {found[1]:.1e} of the way they went (PyTorch's by up to {limits[1]:.1e})")

    last = batch(9, torch.float32)
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        step(*last)
        times.append(time.perf_counter() - begun)
    print(f"a step takes {1e3 * ours:.2f} ms, PyTorch {torch.__version__} {1e3 * min(times):.2f} ms: "
          f"{min(times) / ours:.2f} times as fast")
    # Where rounding moves one value across the corner of a ReLU, or changes the larger of two in a pool, the steps take
    # another way. PyTorch's own from starts that are one rounding apart say how far; a wrong gradient shows as tenths.
    if any(mine > 2 * limit + 1e-5 for mine, limit in zip(found, limits)):
        sys.exit("the two do not train alike")
