"""Reference for the random features of `cattrain eval`: the same network, made by PyTorch in double precision from its
description in Sources/CatGAN/Evaluation/RandomFeatures.swift, and its answers to two pictures.

features.safetensors holds pictures [2, 64, 64, 3] as bytes and features [2, 531] as float32. Run it in this folder:

    python make_features.py
"""
import math
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

sys.path.append("..")
from splitmix import Random

torch.set_num_threads(1)
D = torch.float64


def filters():
    random, inputs = Random(2019), 3
    for outputs in (16, 32, 64, 128):
        deviation = math.sqrt(2 / (25 * inputs))
        draws = [deviation * random.normal() for _ in range(25 * inputs * outputs)]
        weight = torch.tensor(draws, dtype=D).view(5, 5, inputs, outputs).permute(3, 2, 0, 1)
        yield weight - weight.mean((2, 3), keepdim=True)
        inputs = outputs


def features(bytes):
    x = bytes.permute(0, 3, 1, 2).to(D) / 127.5 - 1
    found = [F.avg_pool2d(x, 16).permute(0, 2, 3, 1).flatten(1), x.std((2, 3), correction=0)]
    for weight in filters():
        # TensorFlow's SAME for 5x5 and stride 2 on even sizes: one before, two after.
        x = F.leaky_relu(F.conv2d(F.pad(x, (1, 2, 1, 2)), weight, stride=2), 0.2)
        found += [x.mean((2, 3)), x.std((2, 3), correction=0)]
    return torch.cat(found, 1)


# Coloured waves with noise: smooth parts, edges and fine grain.
torch.manual_seed(1)
row, column = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
waves = torch.stack([torch.sin(row / 9 + c) * torch.cos(column / (5 + 3 * c)) for c in range(3)], -1)
pictures = torch.stack([waves, torch.sign(waves.roll(20, 0))]) * 90 + 128 + torch.randn(2, 64, 64, 3) * 12
pictures = pictures.round().clamp(0, 255).to(torch.uint8)
save_file({"pictures": pictures.contiguous(), "features": features(pictures).to(torch.float32).contiguous()},
          "features.safetensors", metadata={"torch": torch.__version__.split("+")[0], "seed": "1"})
