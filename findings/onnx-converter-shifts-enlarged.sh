#!/bin/sh
# ONNX's own version converter moves the pictures of a generator that enlarges by Upsample by half a pixel.
#
# Who meets it: whoever lifts an old generator (opset 9 or 10, enlarging by linear Upsample or Resize before its convolutions so
# as to have no checkerboard) to an opset that today's tools want, with onnx.version_converter.
# Guess before the run: the converter keeps the numbers, or refuses. Up to opset 10 output pixel i lies at i/scale; opset 11
# has the attribute coordinate_transformation_mode, whose value for that is "asymmetric", but its default is "half_pixel"
# (https://onnx.ai/onnx/operators/onnx__Resize.html), so the converter must write it.
# Seen (onnx 1.23.2): it does not. ONNX Runtime 1.32.0 and OpenVINO 2026.4.1 agree with sums by hand, and so with each other,
# before and after, but before and after differ: a ramp 0 12 24 enlarged by 2 starts 0 6 12 18 before and 0 3 9 15 after. Right
# are the step from 9 to 10 and enlarging by 2 by nearest pixels. Sizes and checker give no hint and there is no warning. (For
# Resize there is a report, onnx/onnx#8480, open when this was written.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - <<'P'
import warnings

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper, version_converter


def generator(operator, mode, scale, opset):
    """A generator's last stage: enlarge both sides, convolve 3x3 (the filter only passes its middle on)."""
    middle = np.zeros((1, 1, 3, 3), np.float32)
    middle[0, 0, 1, 1] = 1
    tensors = [numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "s"), numpy_helper.from_array(middle, "w")]
    nodes = [helper.make_node(operator, ["x", "s"], ["large"], mode=mode),
             helper.make_node("Conv", ["large", "w"], ["y"], pads=[1, 1, 1, 1])]
    side = int(np.floor(8 * scale))
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, side, side])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4)


def by_hand(picture, mode, scale, half):
    """Rows, then columns: where output pixel i lies in the input, with or without the half pixel."""
    for axis in 0, 1:
        n = picture.shape[axis]
        at = (np.arange(int(np.floor(n * scale))) + half) / np.float32(scale) - half
        if mode == "nearest":
            # What each opset takes for granted: rounded down without the half pixel, and to the nearest (halves down) with it.
            index = np.clip(np.ceil(at - 0.5) if half else np.floor(at), 0, n - 1).astype(int)
            picture = np.take(picture, index, axis)
        else:
            at = np.clip(at, 0, n - 1)
            low = np.minimum(np.floor(at).astype(int), n - 2)
            part = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
            picture = np.take(picture, low, axis) * (1 - part) + np.take(picture, low + 1, axis) * part
    return picture


def run(model, x):
    """What ONNX Runtime and OpenVINO, which must agree, make of the model."""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    core = openvino.Core()
    other = core.compile_model(core.read_model("m.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]
    assert np.allclose(runtime, other, atol=1e-3), "the behaviour has changed"
    return runtime[0, 0]


ramp = np.add.outer(np.zeros(8), np.arange(8) * 12).astype(np.float32)
noise = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)
for operator, mode, scale, opset, target, kept in [
    ("Upsample", "linear", 2, 9, 10, True),
    ("Upsample", "linear", 2, 9, 11, False),
    ("Upsample", "linear", 2, 9, 21, False),
    ("Resize", "linear", 2, 10, 17, False),
    ("Upsample", "nearest", 2, 9, 17, True),
]:
    model = generator(operator, mode, scale, opset)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        later = version_converter.convert_version(model, target)
    written = {a.name for n in later.graph.node if n.op_type == "Resize" for a in n.attribute}
    print("%s %s by %s, opset %d to %d: Resize has %s" % (operator, mode, scale, opset, target, sorted(written)))
    for picture in ramp, noise:
        x = picture[None, None]
        before, after = run(model, x), run(later, x)
        assert np.allclose(before, by_hand(picture, mode, scale, 0), atol=1e-3), "the behaviour has changed"
        half = 0 if target == 10 else 0.5
        assert np.allclose(after, by_hand(picture, mode, scale, half), atol=1e-3), "the behaviour has changed"
        assert before.shape == after.shape and np.allclose(before, after, atol=1e-3) == kept, "the behaviour has changed"
        if picture is ramp:
            print(" a ramp before", *np.round(before[0, :8]).astype(int), "after", *np.round(after[0, :8]).astype(int))
    assert written == {"mode"}, "the behaviour has changed"
P
echo "as described"
