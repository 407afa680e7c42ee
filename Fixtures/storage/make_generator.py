"""A small DCGAN generator made, sampled and saved by PyTorch, for CheckpointPyTorchTests.

    python3 make_generator.py            writes generator.safetensors and pictures.safetensors beside itself
    python3 make_generator.py FILE       samples a generator that we saved with the z of pictures.safetensors, and
                                         prints the largest difference of 8-bit values from the pictures there

The committed files were made with seed 20 and the versions of torch and safetensors in their metadata.
"""
import pathlib
import sys

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

here = pathlib.Path(__file__).parent
SIZE, WIDTH, Z = 32, 2, 4
CHANNELS = [16 * WIDTH, 8 * WIDTH, 4 * WIDTH, 2 * WIDTH, WIDTH]


def sample(t, z):
    base = SIZE // 16
    x = F.leaky_relu(F.linear(z, t["generator.dense.weight"], t["generator.dense.bias"]), 0.2)
    x = x.view(-1, CHANNELS[0], base, base)
    for i in range(1, 5):
        # TensorFlow's SAME: padding 1, then the last row and column cropped.
        x = F.conv_transpose2d(
            x, t[f"generator.trans_conv{i}.weight"], t[f"generator.trans_conv{i}.bias"], stride=2, padding=1)
        x = x[:, :, :-1, :-1]
        n = f"generator.batch_trans_conv{i}."
        x = F.batch_norm(x, t[n + "running_mean"], t[n + "running_var"], t[n + "weight"], t[n + "bias"], eps=1e-5)
        x = F.leaky_relu(x, 0.2)
    return torch.tanh(F.conv_transpose2d(x, t["generator.logits.weight"], t["generator.logits.bias"], padding=2))


def bytes_of(pictures):
    return ((pictures + 1) * 127.5).round().clamp(0, 255)


if len(sys.argv) > 1:
    expected = load_file(here / "pictures.safetensors")
    found = sample(load_file(sys.argv[1]), expected["z"])
    print((bytes_of(found) - bytes_of(expected["pictures"])).abs().max().item())
    sys.exit()

torch.manual_seed(20)
t = {"generator.dense.weight": torch.randn(CHANNELS[0] * (SIZE // 16) ** 2, Z),
     "generator.dense.bias": torch.randn(CHANNELS[0] * (SIZE // 16) ** 2)}
for i in range(1, 5):
    fan = 25 * CHANNELS[i - 1] / 4
    t[f"generator.trans_conv{i}.weight"] = torch.randn(CHANNELS[i - 1], CHANNELS[i], 5, 5) / fan**0.5
    t[f"generator.trans_conv{i}.bias"] = torch.randn(CHANNELS[i])
    t[f"generator.batch_trans_conv{i}.weight"] = 1 + 0.2 * torch.randn(CHANNELS[i])
    t[f"generator.batch_trans_conv{i}.bias"] = 0.2 * torch.randn(CHANNELS[i])
    t[f"generator.batch_trans_conv{i}.running_mean"] = 0.5 * torch.randn(CHANNELS[i])
    t[f"generator.batch_trans_conv{i}.running_var"] = 0.5 + torch.rand(CHANNELS[i])
t["generator.logits.weight"] = torch.randn(WIDTH, 3, 5, 5) / 5
t["generator.logits.bias"] = 0.1 * torch.randn(3)
z = torch.rand(3, Z) * 2 - 1
pictures = sample({k: v.double() for k, v in t.items()}, z.double()).float()
about = {"format": "pt", "torch": torch.__version__, "safetensors": safetensors.__version__, "seed": "20"}
save_file(t, here / "generator.safetensors", about)
save_file({"z": z, "pictures": pictures}, here / "pictures.safetensors", about)
print(bytes_of(pictures).flatten().quantile(torch.tensor([0, 0.1, 0.5, 0.9, 1.0])))
