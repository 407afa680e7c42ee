#!/bin/sh
# PyTorch's antialias=True together with align_corners=True shifts the picture, and the exporter to ONNX unshifts it.
#
# Who meets it: whoever resizes pictures, or the insides of a generator or discriminator, with F.interpolate and sets both, say by
# adding antialias=True to a call that has align_corners=True.
# Guess before the run: antialias widens the filter and leaves its places alone, so the corners stay where align_corners=True
# promises them, a mirrored picture gives a mirrored result, and the exported model computes what PyTorch does.
# Seen (torch 2.13.0): a ramp 0 to 7 enlarged to 16 ends at 6.73, a quarter of a pixel off; a picture made smaller from 16 to 8 is
# more than half a pixel off the other way. So a mirrored picture does not give the mirrored result. In numbers by hand, which
# PyTorch matches, the step is that of aligned corners, (n-1)/(m-1), and the place that of aligned edges, (i+0.5)*step-0.5,
# which is (step-1)/2 too far. Nothing warns. The documentation says only that with align_corners=False the result is Pillow's.
# torch.onnx.export(dynamo=True) writes antialias=1 and coordinate_transformation_mode=align_corners, which ONNX Runtime 1.32.0
# and onnx.reference compute, as do numbers by hand, with aligned corners: another picture, without a word.
# Right are each of the two alone, and both where the size does not change.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import contextlib
import io
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator

torch.set_num_threads(1)


class Resize(torch.nn.Module):
    def __init__(self, size, **options):
        super().__init__()
        self.options = dict(options, size=(size, size))

    def forward(self, x):
        return torch.nn.functional.interpolate(x, **self.options)


def triangle(t):
    return np.maximum(1 - abs(t), 0)


def cubic(t):
    """Keys' filter with a = -0.5, as Pillow has it."""
    t = abs(t)
    return np.where(t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0))


def by_hand(picture, size, kernel, places, width):
    """Output i is the mean of the pixels around places[i], weighed by the filter, which is `width` times as wide as a pixel."""
    weight = kernel((np.arange(len(picture)) - places[:, None]) / max(width, 1))
    weight /= weight.sum(1, keepdims=True)
    return weight @ picture @ weight.T


def close(a, b):
    return np.allclose(a, b, atol=2e-5)


def exported(layer, x):
    """What ONNX Runtime and the reference, which must agree, make of the exported layer; its Resize; warnings of the exporter."""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        torch.onnx.export(layer, (x,), "m.onnx", dynamo=True, input_names=["x"])
    model = onnx.load("m.onnx")
    onnx.checker.check_model(model, full_check=True)
    node, = [node for node in model.graph.node if node.op_type == "Resize"]
    runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    assert close(runtime, ReferenceEvaluator(model).run(None, {"x": x.numpy()})[0]), "the behaviour has changed"
    return runtime, {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}, " ".join(str(w.message) for w in caught)


noise = np.random.default_rng(0)
for before, after in (8, 16), (16, 8), (16, 5):
    for mode, kernel in ("bilinear", triangle), ("bicubic", cubic):
        picture = noise.standard_normal((before, before))
        x = torch.from_numpy(picture.astype(np.float32))[None, None]
        ramp = torch.arange(float(before)).expand(1, 1, before, before).contiguous()
        for antialias, corners in (True, False), (False, True), (True, True):
            layer = Resize(after, mode=mode, antialias=antialias, align_corners=corners)
            found = layer(x)[0, 0].numpy()
            row = layer(ramp)[0, 0, 0].numpy()
            mirrored = close(layer(x.flip(-1)).flip(-1)[0, 0].numpy(), found)
            both = antialias and corners
            print("%s, %d to %d, antialias=%s, align_corners=%s: a ramp from %.2f to %.2f, mirrored %s"
                  % (mode, before, after, antialias, corners, row[0], row[-1], "the same" if mirrored else "DIFFERENT"))
            assert mirrored != both, "the behaviour has changed"
            if corners and not antialias:
                assert abs(row[0]) < 1e-5 and abs(row[-1] - (before - 1)) < 1e-5, "the behaviour has changed"
            if not antialias:
                continue
            i, step = np.arange(after), (before - 1) / (after - 1) if corners else before / after
            assert close(found, by_hand(picture, after, kernel, (i + 0.5) * step - 0.5, step)), "the behaviour has changed"
            model, attributes, words = exported(layer, x)
            coordinates = attributes["coordinate_transformation_mode"].decode()
            places = i * step if corners else (i + 0.5) * step - 0.5
            assert close(model[0, 0], by_hand(picture, after, kernel, places, before / after)), "the behaviour has changed"
            print("    exported as antialias=%d, %s: apart by up to %.2f"
                  % (attributes["antialias"], coordinates, abs(model[0, 0] - found).max()))
            assert attributes["antialias"] == 1 and coordinates == ("align_corners" if corners else "half_pixel")
            assert close(model[0, 0], found) != both, "the behaviour has changed"
            assert "antialias" not in words and "align_corners" not in words, "the behaviour has changed"
x = torch.rand(1, 3, 8, 8)
assert close(Resize(8, mode="bilinear", antialias=True, align_corners=True)(x), x), "the behaviour has changed"
P
if grep -E 'antialias|align_corners' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
