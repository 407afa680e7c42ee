"""Reading and writing the networks of catgan.py: load checks what a strict load cannot see."""
import json

import torch
from catgan import Network
from safetensors import safe_open
from safetensors.torch import save_file


def load(path, network=Network):
    """The networks of a checkpoint or of `cattrain export`, in evaluation mode and float32, by their names: generator,
    generator_ema and discriminator, as far as the file has them.

    Raises ValueError where a network computes other numbers than CatGAN does.
    """
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    config = json.loads(metadata["catgan.config"])
    if "generator" not in config:
        raise ValueError(f"{path}: an old description; write the file anew with `cattrain export`")
    networks = {}
    for name in ("generator", "generator_ema", "discriminator"):
        state = {k.removeprefix(name + "."): v for k, v in tensors.items() if k.startswith(name + ".")}
        if state:
            networks[name] = network(config[name.removesuffix("_ema")]["layers"], state)
            networks[name].load_state_dict(state, strict=True)
            networks[name].float().eval()
    check(path, networks, json.loads(metadata["catgan.probe"]) if "catgan.probe" in metadata else None)
    return networks


def check(path, networks, probe):
    """Names and shapes say nothing about padding, slopes and epsilons: the probe does."""
    if probe is None:
        print(f"{path} has no probe: whether its networks compute the same is not known")
        return
    with torch.no_grad():
        pictures = {name: net(torch.tensor([probe["z"]])) for name, net in networks.items() if name != "discriminator"}
        for name, net in networks.items():
            if name == "discriminator":
                found = net(pictures["generator"]).flatten()
            else:
                rows, columns = ([size * (2 * i + 1) // 8 for i in range(4)] for size in pictures[name].shape[2:])
                found = pictures[name][0][:, rows][:, :, columns].permute(1, 2, 0).flatten()
            expected = torch.tensor(probe.get(name, []))
            error = (found - expected).abs().max().item() if len(expected) else 0
            # Rounding stays far below this, and another padding far above.
            if error > 2e-3 * max(1, expected.abs().max().item() if len(expected) else 1):
                raise ValueError(f"{path}: {name} is another network here: its probe is off by {error:.3g}")


def save(path, networks, like):
    """Writes networks by their names for cattrain --generator and --discriminator, with the description of the file `like`."""
    with safe_open(like, "pt") as file:
        config = file.metadata()["catgan.config"]
    tensors = {f"{name}.{k}": v.contiguous() for name, net in networks.items() for k, v in net.state_dict().items()}
    save_file(tensors, path, {"format": "pt", "catgan.config": config})
