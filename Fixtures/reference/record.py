"""What the scripts in this folder put into their files, and the random numbers that they begin with."""
import torch

# By name, for safetensors.torch.save_file.
out = {}


def put(name, tensor):
    out[name] = tensor.detach().to(torch.float32).contiguous().clone()


def put_picture(name, tensor):
    """[n, c, h, w], kept as [n, h, w, c]."""
    put(name, tensor.permute(0, 2, 3, 1))


def rounded(*shape, scale=1.0):
    """Random doubles that float32 holds exactly, so that storing them changes nothing."""
    return (torch.randn(*shape) * scale).to(torch.float32).to(torch.float64)
