#!/usr/bin/env python3
"""Small random generators made by PyTorch, with a picture each, for Tests/GenerationTests/GeneratorModelTests.swift.

Made with PyTorch 2 and safetensors; seed 1. For each kernel K in 4, 5 it writes beside itself bareK.safetensors (the
tensors alone, no metadata of ours; K = 5 under the prefix `generator.`) and bareK.rgb: the 8-bit pictures, [2, 64, 64, 3],
of z(seed 0) and z(seed 5), uniform, computed in double precision.
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

Z, CHANNELS, BASE = 6, [16, 8, 8, 6, 5], 4
here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent))
from splitmix import Random

torch.manual_seed(1)


def latent(seed):
    random = Random(seed)
    return [random.uniform(-1, 1) for _ in range(Z)]


def picture(t, kernel):
    t = {name: tensor.double() for name, tensor in t.items()}
    x = torch.tensor([latent(0), latent(5)], dtype=torch.float64)
    x = F.leaky_relu(F.linear(x, t["dense.weight"], t["dense.bias"]).view(-1, CHANNELS[0], BASE, BASE), 0.2)
    for i in range(1, 5):
        x = F.conv_transpose2d(x, t[f"trans_conv{i}.weight"], t.get(f"trans_conv{i}.bias"), stride=2, padding=1)
        if kernel == 5:
            x = x[:, :, :-1, :-1]
        n = f"batch_trans_conv{i}."
        x = F.batch_norm(x, t[n + "running_mean"], t[n + "running_var"], t[n + "weight"], t[n + "bias"], eps=1e-5)
        x = F.leaky_relu(x, 0.2)
    x = torch.tanh(F.conv_transpose2d(x, t["logits.weight"], t["logits.bias"], padding=t["logits.weight"].shape[2] // 2))
    return ((x + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous()


for kernel in (4, 5):
    t = {
        "dense.weight": torch.randn(CHANNELS[0] * BASE * BASE, Z),
        "dense.bias": torch.randn(CHANNELS[0] * BASE * BASE) * 0.1,
        "logits.weight": torch.randn(CHANNELS[4], 3, 5, 5) * 0.15,
        "logits.bias": torch.randn(3) * 0.1,
    }
    for i in range(1, 5):
        ins, outs = CHANNELS[i - 1], CHANNELS[i]
        t[f"trans_conv{i}.weight"] = torch.randn(ins, outs, kernel, kernel) * 0.15
        if kernel == 5:
            t[f"trans_conv{i}.bias"] = torch.randn(outs) * 0.1
        t[f"batch_trans_conv{i}.weight"] = 1 + torch.randn(outs) * 0.1
        t[f"batch_trans_conv{i}.bias"] = torch.randn(outs) * 0.1
        t[f"batch_trans_conv{i}.running_mean"] = torch.randn(outs) * 0.1
        t[f"batch_trans_conv{i}.running_var"] = torch.rand(outs) + 0.5
    prefix = "generator." if kernel == 5 else ""
    save_file({prefix + name: tensor for name, tensor in t.items()}, here / f"bare{kernel}.safetensors")
    (here / f"bare{kernel}.rgb").write_bytes(bytes(picture(t, kernel).flatten().tolist()))
