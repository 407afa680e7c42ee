"""What the PyTorch twins of the examples share: the file that an example wrote, ten steps beside its own, and the speed."""
import sys
import time

import torch
from safetensors import safe_open
from safetensors.torch import load_file


def run(networks, inputs, step):
    """Repeats the ten steps of the file named on the command line.

    networks: modules by the prefix of their names in the file. inputs: the names of a batch's tensors. step: takes a batch,
    moves the networks and returns the losses.
    """
    path = sys.argv[1]
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        ours = float(file.metadata()["seconds"])

    def saved(when):
        return {f"{prefix}{name}": (p, tensors[f"{when}.{prefix}{name}"])
                for prefix, network in networks.items() for name, p in network.named_parameters()}

    with torch.no_grad():
        for p, start in saved("start").values():
            p.copy_(start)
    losses = []
    for i in range(10):
        losses += step(*(tensors[f"{name}.{i}"] for name in inputs))
    expected = tensors["losses"]
    worst_loss = ((torch.tensor(losses) - expected).abs() / expected.abs().clamp(min=0.1)).max().item()
    moved = apart = 0.0
    for key, (p, end) in saved("end").items():
        moved += (end - tensors[f"start.{key}"]).double().square().sum().item()
        apart += (end - p.detach()).double().square().sum().item()
    share = (apart / moved) ** 0.5
    print(f"ten steps: losses off by {worst_loss:.1e} of themselves, weights by {share:.1e} of the way they went")

    batch = [tensors[f"{name}.9"] for name in inputs]
    times = []
    for _ in range(20):
        start = time.perf_counter()
        step(*batch)
        times.append(time.perf_counter() - start)
    print(f"a step takes {1e3 * ours:.2f} ms, PyTorch {torch.__version__} {1e3 * min(times):.2f} ms: "
          f"{min(times) / ours:.2f} times as fast")
    # Rounding grows with each step, in two networks that train against each other to a percent; a wrong gradient shows as
    # tenths.
    if worst_loss > 5e-3 or share > 5e-2:
        sys.exit("the two do not train alike")
