#!/bin/sh
# MNN's cubic Resize makes the first rows and columns of an enlarged picture from the wrong place.
#
# Who meets it: who runs a generator or an upscaler with PyTorch's Upsample(scale_factor=2, mode="bicubic") on a phone with MNN.
# PyTorch exports it as Resize with mode cubic, half_pixel and -0.75, as here.
# Guess before the run: numbers of ONNX Runtime and PyTorch; at the border the nearest pixel of the picture is repeated.
# Seen (MNN 3.6.1): where half_pixel puts an output pixel before the first input pixel, by -d, MNN goes on as if it lay at 1 - d:
# one input pixel to the right, or down. By 2 that is the first row and column, by 4 two of each, by 8 four: with 2, row 0 is the
# same as row 2, and a ramp 0 12 24 ... that rises starts with a step down. The rest, the right and the lower border, sizes and
# types are right, and neither the converter nor the runtime says a word. linear is right, and so are cubic with align_corners or
# asymmetric, and making smaller.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat >make.py <<'P'
"""Writes each case's model, and converts it with what the command mnnconvert calls."""
import json

import MNN  # noqa: F401
import _tools
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

for number, (side, mode, coordinates, scale) in enumerate(json.load(open("cases.json"))):
    scales = numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "scales")
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode, coordinate_transformation_mode=coordinates,
                            cubic_coeff_a=-0.75)
    out = int(side * scale)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, side, side])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, out, out])], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, f"{number}.onnx")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", f"{number}.onnx", "--MNNModel", f"{number}.mnn",
                       "--bizCode", "MNN"])
P
cat >run.py <<'P'
import json

import MNN
import numpy as np
import onnxruntime
from onnx.reference import ReferenceEvaluator

changed = "the behaviour has changed"


def by_hand(picture, scale, coordinates, wrong):
    """Cubic by its definition, rows and then columns; if wrong, what lies before the first pixel moves on by one pixel."""
    for axis in 0, 1:
        n = picture.shape[axis]
        out = int(n * scale)
        i = np.arange(out)
        at = {"half_pixel": (i + 0.5) / scale - 0.5, "asymmetric": i / scale, "align_corners": i * (n - 1) / (out - 1)}[coordinates]
        low = np.floor(at)
        part = at - low
        if wrong:
            low = np.maximum(low, 0)
        made = 0
        for tap in -1, 0, 1, 2:
            far = abs(part - tap)
            weight = np.where(far <= 1, 1.25 * far**3 - 2.25 * far**2 + 1, -0.75 * (far**3 - 5 * far**2 + 8 * far - 4))
            taken = np.take(picture, np.clip(low + tap, 0, n - 1).astype(int), axis)
            made = made + taken * weight.reshape((-1, 1) if axis == 0 else (1, -1))
        picture = made
    return picture


def in_mnn(name, x):
    net = MNN.nn.load_module_from_file(name, ["x"], ["y"])
    given = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW, MNN.expr.float)
    given.write(x)
    made = MNN.expr.convert(net.forward([given])[0], MNN.expr.NCHW)
    return np.array(made.read()).reshape(made.shape)[0, 0]


for number, (side, mode, coordinates, scale) in enumerate(json.load(open("cases.json"))):
    cubic_enlarged = mode == "cubic" and coordinates == "half_pixel" and scale > 1
    ramp = np.add.outer(np.zeros(side), np.arange(side) * 12.0)
    for picture in ramp, np.random.default_rng(0).standard_normal((side, side)) * 50:
        x = picture.astype(np.float32)[None, None]
        right = onnxruntime.InferenceSession(f"{number}.onnx").run(None, {"x": x})[0][0, 0]
        assert np.allclose(ReferenceEvaluator(f"{number}.onnx").run(None, {"x": x})[0][0, 0], right, atol=1e-2), changed
        found = in_mnn(f"{number}.mnn", x)
        assert found.shape == right.shape, changed
        if mode == "cubic":
            assert np.allclose(by_hand(picture, scale, coordinates, False), right, atol=1e-2), changed
            assert np.allclose(by_hand(picture, scale, coordinates, True), found, atol=1e-2), changed
        far = abs(found - right) > 0.05
        first = int(scale / 2) if cubic_enlarged else 0
        assert not far[first:, first:].any(), changed
        if picture is ramp:
            assert far[:, :first].all(), changed
            print(f"{mode} {coordinates} by {scale}: {first} wrong columns and rows")
            print("  a ramp, right", *np.round(right[0, :6], 1))
            print("  a ramp, MNN  ", *np.round(found[0, :6].astype(float), 1))
        elif scale == 2 and first:
            assert np.array_equal(found[0], found[2]) and np.array_equal(found[:, 0], found[:, 2]), changed
P
cat >cases.json <<'P'
[[8, "cubic", "half_pixel", 2], [8, "cubic", "half_pixel", 4], [8, "cubic", "half_pixel", 8], [8, "linear", "half_pixel", 2],
 [8, "cubic", "align_corners", 2], [8, "cubic", "asymmetric", 2], [8, "cubic", "half_pixel", 0.5]]
P
"$folder/venv/bin/python" make.py >log 2>&1 || { cat log; exit 1; }
if grep -iE 'cubic|resize|support|warn|error' log | grep -v 'device supports'; then
    echo "the behaviour has changed"
    exit 1
fi
"$folder/venv/bin/python" run.py
echo "as described"
