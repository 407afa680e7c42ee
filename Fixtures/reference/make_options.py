"""Reference tensors for the options of layers, and for the losses and optimisers beside those of make_references.py.

As there, everything is computed by PyTorch in double precision and stored as float32, images channels last. Run it in this
folder:

    python make_options.py
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from record import case, out, put, put_picture, rounded

torch.manual_seed(2)
torch.set_num_threads(1)
D = torch.float64


def convolutions():
    def conv(name, size, weight, bias=True, pads=None, transposed=False, **options):
        w = rounded(*weight, scale=(2 / (weight[1] * weight[2] * weight[3])) ** 0.5)
        parameters = dict(weight=w)
        if bias:
            parameters["bias"] = rounded(weight[1 if transposed else 0])
        function = F.conv_transpose2d if transposed else F.conv2d

        def run(x, weight, bias=None):
            # left, right, top, bottom
            return function(F.pad(x, pads) if pads else x, weight, bias, **options)
        case(name, rounded(*size), parameters, run)

    conv("conv_7x3", (2, 5, 9, 8), (7, 5, 7, 3), stride=(2, 1), padding=(3, 1))
    conv("conv_1x6", (2, 18, 4, 11), (3, 18, 1, 6), stride=(1, 2), padding=(0, 2))
    conv("conv_4x4_s2", (2, 3, 8, 8), (20, 3, 4, 4), bias=False, stride=2, padding=1)
    conv("conv_valid", (2, 2, 6, 7), (5, 2, 3, 3), stride=1)
    conv("conv_sides", (2, 4, 5, 6), (6, 4, 3, 2), pads=(1, 3, 0, 2), stride=2)
    conv("conv_to_1x1", (3, 20, 4, 4), (9, 20, 4, 4), bias=False, stride=1)
    conv("trans_from_1x1", (3, 20, 1, 1), (20, 9, 4, 4), bias=False, transposed=True, stride=1)
    conv("trans_4x4_s2", (2, 20, 4, 3), (20, 9, 4, 4), bias=False, transposed=True, stride=2, padding=1)
    conv("trans_extra", (2, 5, 4, 3), (5, 18, 3, 3), transposed=True, stride=2, padding=1, output_padding=1)
    conv("trans_3x2", (2, 6, 3, 4), (6, 3, 3, 2), transposed=True, stride=(1, 2), padding=(2, 0), output_padding=(0, 1))


def others():
    size = (2, 19, 7, 6)
    for name, function in (
        ("relu", F.relu), ("sigmoid", torch.sigmoid), ("gelu", F.gelu), ("silu", F.silu),
        ("max_3_2_1", lambda x: F.max_pool2d(x, 3, 2, 1)),
        ("max_ceil", lambda x: F.max_pool2d(x, (2, 3), ceil_mode=True)),
        ("avg_3_2_1", lambda x: F.avg_pool2d(x, 3, 2, 1)),
        ("avg_without", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
        ("avg_ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
        ("avg_global", lambda x: F.adaptive_avg_pool2d(x, 1)),
        ("upsample", lambda x: F.interpolate(x, scale_factor=(2, 3), mode="nearest")),
    ):
        case(name, rounded(*size, scale=3), {}, function)
    case("flatten", rounded(4, 5, 2, 3), {}, lambda x: x.flatten(1))
    case("reshape", rounded(4, 12, 2, 1), {}, lambda x: x.view(4, 3, 2, 4))
    case("unflatten", rounded(4, 30), {}, lambda x: x.view(4, 5, 2, 3))
    w, b, v = rounded(6, 6, 3, 3, scale=0.2), rounded(6), rounded(6, 6, 1, 1, scale=0.4)
    case("residual", rounded(2, 6, 5, 4), {"body.conv.weight": w, "body.conv.bias": b, "skip.weight": v},
         lambda x, **p: F.silu(F.conv2d(x, p["body.conv.weight"], p["body.conv.bias"], padding=1))
         + F.conv2d(x, p["skip.weight"]) + x)
    w, b = rounded(4, 6, 3, 3, scale=0.2), rounded(4)
    case("concatenate", rounded(2, 6, 5, 4), {"conv.weight": w, "conv.bias": b},
         lambda x, **p: torch.cat([x, torch.tanh(F.conv2d(x, p["conv.weight"], p["conv.bias"], padding=1)),
                                   F.avg_pool2d(x, 3, 1, 1)], 1))


def losses():
    x, target = rounded(2, 5, 3, 4, scale=4), rounded(2, 5, 3, 4)
    x[0, 0, 0, 0] = 90
    labels = torch.randint(5, (2, 3, 4))
    put_picture("loss.x", x)
    put_picture("loss.target", target)
    put("loss.labels", labels)
    x.requires_grad_()
    for name, loss in (("mean_squared", F.mse_loss(x, target)), ("softmax", F.cross_entropy(x, labels))):
        put(f"loss.{name}", loss.reshape(1))
        put_picture(f"loss.{name}.dx", torch.autograd.grad(loss, x)[0])
    put_picture("loss.probabilities", x.softmax(1))


def optimizers():
    start, gradients = rounded(37), rounded(10, 37)
    put("optimizer.start", start)
    put("optimizer.gradients", gradients)
    O = torch.optim
    for name, make in (
        ("sgd", lambda p: O.SGD(p, 0.1)), ("momentum", lambda p: O.SGD(p, 0.1, 0.9, weight_decay=0.05)),
        ("nesterov", lambda p: O.SGD(p, 0.1, 0.9, nesterov=True)),
        ("adam", lambda p: O.Adam(p, 0.01, weight_decay=0.05)), ("adamw", lambda p: O.AdamW(p, 0.01, weight_decay=0.05)),
        ("clipped", lambda p: O.SGD(p, 0.1)),
    ):
        p = start.clone().requires_grad_()
        optimizer = make([p])
        for g in gradients:
            p.grad = g.clone()
            if name == "clipped":
                torch.nn.utils.clip_grad_norm_([p], 5.5)
            optimizer.step()
        put(f"optimizer.{name}", p)


def schedules():
    S = torch.optim.lr_scheduler
    for name, make in (
        ("stepped", lambda o: S.StepLR(o, 3, 0.5)), ("exponential", lambda o: S.ExponentialLR(o, 0.9)),
        ("cosine", lambda o: S.CosineAnnealingLR(o, 8, 0.1)), ("linear", lambda o: S.LinearLR(o, 1, 0.2, 8)),
    ):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
        scheduler = make(optimizer)
        factors = []
        for _ in range(9):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        put(f"schedule.{name}", torch.tensor(factors, dtype=D))


convolutions()
others()
losses()
optimizers()
schedules()
save_file(out, "options.safetensors", metadata={"torch": torch.__version__.split("+")[0], "seed": "2"})
