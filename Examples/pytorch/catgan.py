"""CatGAN's networks in PyTorch: its files load strictly and give catgen's pictures. docs/pytorch.md explains them."""
import torch
from torch import nn

ACTIVATIONS = {"leakyReLU": lambda x, layer: nn.functional.leaky_relu(x, layer["slope"]), "identity": lambda x, _: x,
               "tanh": lambda x, _: torch.tanh(x), "sigmoid": lambda x, _: torch.sigmoid(x)}


class Network(nn.Module):
    """The layers that a file's catgan.config describes, with the sizes of the file's tensors."""

    def __init__(self, layers, tensors):
        super().__init__()
        self.layers = layers
        for layer in (layer for layer in layers if layer["layer"] not in ACTIVATIONS):
            kind, shape, bias = layer["layer"], tensors[layer["name"] + ".weight"].shape, layer.get("bias", True)
            if kind == "dense":
                module = nn.Linear(shape[1], shape[0], bias)
            elif kind == "batchNorm":
                module = nn.BatchNorm2d(shape[0], layer.get("epsilon", 1e-5), 1 - layer.get("momentum", 0.99))
            else:
                # Filters are [out, in, height, width], of transposed convolutions [in, out, height, width].
                of, sides = (nn.Conv2d, shape[1::-1]) if kind == "convolution" else (nn.ConvTranspose2d, shape[:2])
                module = of(*sides, shape[2:], layer["stride"], layer.get("padding", 0), bias=bias)
            *path, last = layer["name"].split(".")
            parent = self
            for part in path:
                parent = parent._modules.setdefault(part, nn.Module())
            parent.add_module(last, module)

    def forward(self, x):
        """z [n, length] to pictures [n, 3, height, width] in -1...1, or pictures to logits [n, 1, 1, 1]."""
        x = x if x.dim() == 4 else x[:, :, None, None]
        for layer in self.layers:
            kind = layer["layer"]
            if kind in ACTIVATIONS:
                x = ACTIVATIONS[kind](x, layer)
                continue
            module = self.get_submodule(layer["name"])
            if kind == "dense":
                x = module(x.flatten(1)).unflatten(1, (layer["channels"], layer.get("height", 1), layer.get("width", 1)))
            elif kind == "batchNorm" or "padding" in layer:
                x = module(x)
            else:  # TensorFlow's SAME: the odd row and column of padding go behind.
                up, stride, sizes = kind == "transposedConvolution", layer["stride"], x.shape[2:]
                wide = [n * stride if up else n for n in sizes]
                pads = [max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(wide, layer["kernel"])]
                (top, left), (bottom, right) = [p // 2 for p in pads], [p - p // 2 for p in pads]
                x = module(x if up else nn.functional.pad(x, (left, right, top, bottom)))
                x = x[:, :, top:top + wide[0], left:left + wide[1]] if up else x
        return x
