"""CatGAN's networks in PyTorch: its files load strictly and give catgen's pictures. docs/pytorch.md explains them."""
import torch
from torch import nn
from torch.nn import functional as F

PLAIN = {
    "identity": lambda x, _: x, "tanh": lambda x, _: torch.tanh(x), "sigmoid": lambda x, _: torch.sigmoid(x),
    "leakyReLU": lambda x, layer: F.leaky_relu(x, layer["slope"]), "gelu": lambda x, _: F.gelu(x),
    "silu": lambda x, _: F.silu(x),
    "globalAveragePool": lambda x, _: x.mean((2, 3), keepdim=True), "flatten": lambda x, _: x.flatten(1)[:, :, None, None],
    "upsample": lambda x, layer: x.repeat_interleave(both(layer["factor"])[0], 2).repeat_interleave(
        both(layer["factor"])[1], 3),
    "reshape": lambda x, layer: x.reshape(-1, layer["sizes"][2], *layer["sizes"][:2])}


def both(size):
    """For height and width."""
    return size if isinstance(size, list) else [size, size]


def padding(layer, sizes, usual):
    """[before, after] of rows, then of columns, in pictures of these sizes."""
    given = layer.get("padding", usual)
    if given == "same":  # TensorFlow's: the odd row and column of padding go behind.
        totals = [max((-(-n // stride) - 1) * stride + k - n, 0)
                  for n, stride, k in zip(sizes, both(layer["stride"]), layer["kernel"])]
        return [[total // 2, total - total // 2] for total in totals]
    top, left, bottom, right = given if isinstance(given, list) else [0 if given == "valid" else given] * 4
    return [[top, bottom], [left, right]]


class Network(nn.Module):
    """The layers that a file's catgan.config describes, with the sizes of the file's tensors."""

    def __init__(self, layers, tensors):
        super().__init__()
        self.layers = layers
        self.build(layers, tensors, "")

    def build(self, layers, tensors, path):
        for layer in layers:
            kind, name = layer["layer"], path + layer.get("name", "")
            self.build(layer.get("layers") or layer.get("branches") or [], tensors, name + ".")
            if name + ".weight" not in tensors:
                continue
            shape, bias = tensors[name + ".weight"].shape, layer.get("bias", True)
            if kind == "dense":
                module = nn.Linear(shape[1], shape[0], bias)
            elif kind == "batchNorm":
                module = nn.BatchNorm2d(shape[0], layer.get("epsilon", 1e-5), 1 - layer.get("momentum", 0.99))
            elif kind == "convolution":
                module = nn.Conv2d(*shape[1::-1], shape[2:], both(layer["stride"]), bias=bias)
            else:
                module = nn.ConvTranspose2d(*shape[:2], shape[2:], both(layer["stride"]), bias=bias)
            *outer, last = name.split(".")
            parent = self
            for part in outer:
                parent = parent._modules.setdefault(part, nn.Module())
            parent.add_module(last, module)

    def forward(self, x):
        """z [n, length] to pictures [n, 3, height, width] in -1...1, or pictures to logits [n, 1, 1, 1]."""
        return self.run(self.layers, x if x.dim() == 4 else x[:, :, None, None], "")

    def run(self, layers, x, path):
        for layer in layers:
            x = self.compute(layer, x, path + layer.get("name", ""))
        return x

    def compute(self, layer, x, name):
        kind = layer["layer"]
        if kind in PLAIN:
            return PLAIN[kind](x, layer)
        if kind == "dropout":
            return F.dropout(x, layer["rate"], self.training)
        if kind == "sequential":
            return self.run(layer["layers"], x, name + ".")
        if kind in ("residual", "concatenate"):
            outputs = [self.run([branch], x, name + ".") for branch in layer["branches"]]
            return sum(outputs) if kind == "residual" else torch.cat(outputs, 1)
        if kind in ("maxPool", "averagePool"):
            return self.pool(layer, x)
        module = self.get_submodule(name)
        if kind == "dense":
            return module(x.flatten(1)).unflatten(1, (layer["channels"], layer.get("height", 1), layer.get("width", 1)))
        if kind == "batchNorm":
            return module(x)
        if kind == "convolution":
            rows, columns = padding(layer, x.shape[2:], "same")
            return module(F.pad(x, columns + rows))
        # All that the kernels reach, and of it what lies between the paddings.
        strides, extra = module.stride, both(layer.get("outputPadding", 0))
        if layer.get("padding", "same") == "same":
            sizes = [n * stride for n, stride in zip(x.shape[2:], strides)]
            pads = padding(layer, sizes, "same")
        else:
            pads = padding(layer, None, "same")
            sizes = [(n - 1) * stride + k - before - after + more for n, stride, k, (before, after), more in
                     zip(x.shape[2:], strides, module.kernel_size, pads, extra)]
        full = [(n - 1) * stride + k for n, stride, k in zip(x.shape[2:], strides, module.kernel_size)]
        beyond = [max(before + n - m, 0) for n, m, (before, _) in zip(sizes, full, pads)]
        x = F.conv_transpose2d(x, module.weight, module.bias, strides, output_padding=beyond)
        (top, _), (left, _) = pads
        return x[:, :, top:top + sizes[0], left:left + sizes[1]]

    def pool(self, layer, x):
        if "kernel" not in layer:
            return x.amax((2, 3), keepdim=True)
        rows, columns = padding(layer, x.shape[2:], "valid")
        kernel, strides = layer["kernel"], both(layer["stride"])
        counted = layer.get("countsPadding", True)
        # Windows that begin beyond the picture do not count, however far the last ones reach over its edge.
        sizes = []
        for n, (before, after), k, stride in zip(x.shape[2:], (rows, columns), kernel, strides):
            count = (n + before + after - k) // stride + 1
            if layer.get("roundsUp") and (n + before + after - k) % stride and count * stride < n + before:
                count += 1
            sizes.append(count)
        edges = [max((count - 1) * stride + k - n - before - after, 0) for count, stride, k, n, (before, after) in
                 zip(sizes, strides, kernel, x.shape[2:], (rows, columns))]

        def padded(t, pad, edge):
            return F.pad(F.pad(t, columns + rows, value=pad), [0, edges[1], 0, edges[0]], value=edge)

        if layer["layer"] == "maxPool":
            low = float("-inf")
            return F.max_pool2d(padded(x, low, low), kernel, strides)[:, :, :sizes[0], :sizes[1]]
        area = kernel[0] * kernel[1]
        counts = F.avg_pool2d(padded(torch.ones_like(x[:1, :1]), float(counted), 0), kernel, strides) * area
        return (F.avg_pool2d(padded(x, 0, 0), kernel, strides) * area / counts)[:, :, :sizes[0], :sizes[1]]
