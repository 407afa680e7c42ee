"""The small networks of the reference steps, in PyTorch, with TensorFlow's SAME padding."""
import torch
import torch.nn.functional as F

# Distances from 0 of the inputs of leaky ReLUs, where the gradient jumps.
kinks = []


def same_pads(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def conv(x, weight, bias, stride):
    k = weight.shape[2]
    top, bottom = same_pads(x.shape[2], k, stride)
    left, right = same_pads(x.shape[3], k, stride)
    return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride)


def conv_transpose(x, weight, bias, stride):
    """The adjoint of `conv` at `stride` times the size: the full transposed convolution without SAME's padding."""
    k = weight.shape[2]
    h, w = x.shape[2] * stride, x.shape[3] * stride
    full = F.conv_transpose2d(x, weight, bias, stride)
    full = F.pad(full, (0, max(0, w + k - full.shape[3]), 0, max(0, h + k - full.shape[2])))
    top, left = same_pads(h, k, stride)[0], same_pads(w, k, stride)[0]
    assert k >= stride
    return full[:, :, top:top + h, left:left + w]


def leaky(x):
    kinks.append(x.detach().abs().min().item())
    return F.leaky_relu(x, 0.2)


class Norm(torch.nn.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels, 1e-5, 0.01)


class Generator(torch.nn.Module):
    def __init__(self, size, width, latent):
        super().__init__()
        self.base = size // 16
        self.channels = [width * c for c in (16, 8, 4, 2, 1)]
        self.dense = torch.nn.Linear(latent, self.base ** 2 * self.channels[0])
        for i in range(1, 5):
            setattr(self, f"trans_conv{i}", torch.nn.ConvTranspose2d(self.channels[i - 1], self.channels[i], 5, 2))
            setattr(self, f"batch_trans_conv{i}", Norm(self.channels[i]))
        self.logits = torch.nn.ConvTranspose2d(self.channels[4], 3, 5, 1)

    def forward(self, z):
        x = leaky(self.dense(z).view(-1, self.channels[0], self.base, self.base))
        for i in range(1, 5):
            layer = getattr(self, f"trans_conv{i}")
            x = leaky(getattr(self, f"batch_trans_conv{i}")(conv_transpose(x, layer.weight, layer.bias, 2)))
        return torch.tanh(conv_transpose(x, self.logits.weight, self.logits.bias, 1))


class Discriminator(torch.nn.Module):
    """With batch normalisation from the second layer on; without any where `normalized` is false."""

    def __init__(self, size, width, normalized=True):
        super().__init__()
        self.normalized = normalized
        channels = [3] + [width * c for c in (1, 2, 4, 8, 16)]
        for i in range(1, 6):
            setattr(self, f"conv{i}", torch.nn.Conv2d(channels[i - 1], channels[i], 5))
            if normalized and i > 1:
                setattr(self, f"batch_conv{i}", Norm(channels[i]))
        self.dense = torch.nn.Linear((size // 16) ** 2 * channels[5], 1)

    def forward(self, x):
        for i in range(1, 6):
            layer = getattr(self, f"conv{i}")
            x = conv(x, layer.weight, layer.bias, 1 if i == 4 else 2)
            x = leaky(getattr(self, f"batch_conv{i}")(x) if self.normalized and i > 1 else x)
        return self.dense(x.flatten(1))


def start(module, rounded):
    """Gives every parameter random numbers that float32 holds exactly."""
    for name, p in module.named_parameters():
        if name.endswith("weight") and p.dim() > 1:
            p.data = rounded(*p.shape, scale=0.05).to(p.dtype)
        elif "batch" in name and name.endswith("weight"):
            p.data = (rounded(*p.shape, scale=0.1) + 1).to(torch.float32).to(p.dtype)
        else:
            p.data = rounded(*p.shape, scale=0.1).to(p.dtype)
