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


def case(name, x, parameters, function, picture=True):
    """Stores x, the parameters, y = function(x), a random gradient of y and what it becomes for x and parameters."""
    x = x.requires_grad_()
    for p in parameters.values():
        p.requires_grad_()
    y = function(x, **parameters)
    dy = rounded(*y.shape)
    gradients = torch.autograd.grad(y, [x, *parameters.values()], dy)
    keep = put_picture if x.dim() == 4 else put
    keep(f"{name}.x", x)
    keep(f"{name}.dx", gradients[0])
    keep = put_picture if y.dim() == 4 else put
    keep(f"{name}.y", y)
    keep(f"{name}.dy", dy)
    for (key, p), gradient in zip(parameters.items(), gradients[1:]):
        put(f"{name}.{key}", p)
        put(f"{name}.d{key}", gradient)
