"""The same networks and steps in PyTorch: twin.py steps.safetensors"""
import pathlib
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from twins import run

LATENT, WIDTH = 16, 32


def up(inputs, outputs, stride=2, padding=1):
    return nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)


def down(inputs, outputs, stride=2, padding=1):
    return nn.Conv2d(inputs, outputs, 4, stride, padding, bias=False)


def cross_entropy(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def make():
    generator = nn.Sequential(OrderedDict(
        up1=up(LATENT, 2 * WIDTH, 1, 0), norm1=nn.BatchNorm2d(2 * WIDTH), relu1=nn.ReLU(),
        up2=up(2 * WIDTH, WIDTH), norm2=nn.BatchNorm2d(WIDTH), relu2=nn.ReLU(), up3=up(WIDTH, 1), tanh=nn.Tanh()))
    discriminator = nn.Sequential(OrderedDict(
        down1=down(1, WIDTH), leaky1=nn.LeakyReLU(0.2), down2=down(WIDTH, 2 * WIDTH), norm2=nn.BatchNorm2d(2 * WIDTH),
        leaky2=nn.LeakyReLU(0.2), down3=down(2 * WIDTH, 1, 1, 0)))
    adams = [torch.optim.Adam(network.parameters(), 1e-3, (0.5, 0.999)) for network in (generator, discriminator)]

    def step(reals, latents):
        fakes = generator(latents)
        loss = cross_entropy(discriminator(reals), 1) + cross_entropy(discriminator(fakes.detach()), 0)
        adams[1].zero_grad()
        loss.backward()
        adams[1].step()
        fooled = cross_entropy(discriminator(fakes), 1)
        adams[0].zero_grad()
        fooled.backward()
        adams[0].step()
        return [loss.item(), fooled.item()]

    return {"G.": generator, "D.": discriminator}, step


run(make, ["reals", "latents"])
