#!/usr/bin/env python3
"""A narrow generator of PyTorch's DCGAN example (nz 12, ngf 4), with two pictures, for Tests/GenerationTests/DCGANTests.swift.

The layers and their names are those of the example's `netG.main`; weights are wider and statistics other than after
initialisation, so that every one of them is seen in the pictures. Made with PyTorch 2.15 and safetensors; seed 2. It writes
beside itself dcgan.safetensors, the state dict as `netG.state_dict()` names it, and dcgan.rgb: the 8-bit pictures, [2, 64, 64,
3], of z(seed 0) and z(seed 5), normal as in Sources/Generation/Latent.swift, computed in double precision.
"""
import math
import pathlib

import torch
from torch import nn
from safetensors.torch import save_file

NZ, NGF = 12, 4
MASK = (1 << 64) - 1
here = pathlib.Path(__file__).parent


def draws(seed):
    """The top 24 bits of each output of SplitMix64."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        yield (mixed ^ (mixed >> 31)) >> 40


def latent(seed):
    source, z = draws(seed), []
    while len(z) < NZ:
        radius = math.sqrt(-2 * math.log((next(source) + 1) / 2.0**24))
        angle = 2 * math.pi * (next(source) / 2.0**24)
        z += [radius * math.cos(angle), radius * math.sin(angle)]
    return z[:NZ]


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], NZ
        for index, factor in enumerate([8, 4, 2, 1]):
            outputs = NGF * factor
            place = dict(stride=1, padding=0) if index == 0 else dict(stride=2, padding=1)
            layers += [nn.ConvTranspose2d(channels, outputs, 4, bias=False, **place), nn.BatchNorm2d(outputs), nn.ReLU(True)]
            channels = outputs
        layers += [nn.ConvTranspose2d(channels, 3, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)


torch.manual_seed(2)
net = Generator()
for module in net.modules():
    if isinstance(module, nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.2)
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.1)
        nn.init.normal_(module.bias, 0, 0.2)
        module.running_mean.normal_(0, 0.2)
        module.running_var.uniform_(0.5, 1.5)
        module.num_batches_tracked.fill_(7)
save_file({name: tensor.clone() for name, tensor in net.state_dict().items()}, here / "dcgan.safetensors")
z = torch.tensor([latent(0), latent(5)], dtype=torch.float32).double().view(2, NZ, 1, 1)
with torch.no_grad():
    pictures = net.double().eval().main(z)
pixels = ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous()
(here / "dcgan.rgb").write_bytes(bytes(pixels.flatten().tolist()))
