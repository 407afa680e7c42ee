"""The same network and steps in PyTorch: twin.py steps.safetensors"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from twins import run


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({"conv": nn.Conv2d(64, 64, 3, padding=1)})

    def forward(self, x):
        return F.gelu(self.body["conv"](x)) + x


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 2, 1), nn.Conv2d(32, 64, 3, 2, 1)
        self.block1, self.block2 = Block(), Block()
        self.up1, self.up2 = nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ConvTranspose2d(32, 1, 4, 2, 1)

    def forward(self, x):
        x = F.gelu(self.conv2(F.gelu(self.conv1(x))))
        return torch.sigmoid(self.up2(F.gelu(self.up1(self.block2(self.block1(x))))))


def make():
    network = Autoencoder()
    optimizer = torch.optim.AdamW(network.parameters(), 1.0, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda taken: 2e-3 * min((taken + 1) / 10, 1) * (1 + math.cos(math.pi * min(taken / 300, 1))) / 2)

    def step(clean, noisy):
        loss = F.mse_loss(network(noisy), clean)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimizer.step()
        rates.step()
        return [loss.item()]

    return {"": network}, step


run(make, ["clean", "noisy"])
