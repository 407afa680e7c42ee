#!/bin/sh
# OpenCV's dnn enlarges by another factor than a Resize says, and takes half_pixel_symmetric for asymmetric.
#
# Who meets it: whoever runs a generator in OpenCV that enlarges by a factor such as 1.5 (PyTorch's Upsample(scale_factor=1.5)
# keeps the factor when it is exported) where factor times side is not whole.
# Guess before the run: output pixel i lies at (i+0.5)/scale-0.5, or at i/scale where the mode is asymmetric, with the scale of
# the model, as the definition has it (https://onnx.ai/onnx/operators/onnx__Resize.html, coordinate_transformation_mode), and
# half_pixel_symmetric is half_pixel wherever the size comes out whole. What OpenCV does not know it refuses.
# Seen (OpenCV 5.0.0.93, new and classic engine): a side of 5 by 1.5 is 7, and OpenCV goes on with 7/5: a ramp 0 12 24 36 48
# ends at 48 instead of 46 (linear), and nearest takes other pixels. half_pixel_symmetric gives the numbers of asymmetric, which
# by 2 are a quarter of an input pixel off. Sizes are right and nothing warns. ONNX Runtime 1.32.0, onnx.reference (onnx 1.23.2)
# and numbers by hand agree. OpenCV is right where scale times side is whole, and where sizes are given.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

for module in cv2, onnx, onnxruntime:
    print(module.__name__, module.__version__)


def model(side, mode, coordinates, scale=None, size=None):
    inputs = [numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "k") if scale
              else numpy_helper.from_array(np.array([1, 1, size, size], np.int64), "k")]
    size = size or int(side * scale)
    attributes = {"nearest_mode": "floor"} if mode == "nearest" else {}
    node = helper.make_node("Resize", ["x", "", "k"] if scale else ["x", "", "", "k"], ["y"], mode=mode,
                            coordinate_transformation_mode=coordinates, **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, side, side])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, size, size])], inputs)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, "m.onnx")
    return made


def by_hand(picture, size, mode, asymmetric, scale):
    """Rows, then columns, with the place of output pixel i in the input as its definition has it."""
    for axis in 0, 1:
        n, i = picture.shape[axis], np.arange(size)
        at = i / scale if asymmetric else (i + 0.5) / scale - 0.5
        if mode == "nearest":
            picture = np.take(picture, np.clip(np.floor(at), 0, n - 1).astype(int), axis)
        else:
            at = np.clip(at, 0, n - 1)
            low = np.minimum(np.floor(at).astype(int), n - 2)
            part = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
            picture = np.take(picture, low, axis) * (1 - part) + np.take(picture, low + 1, axis) * part
    return picture


def in_opencv(x):
    """What each engine makes of the model that takes it."""
    found = {}
    for name in "ENGINE_NEW", "ENGINE_CLASSIC", "ENGINE_AUTO":
        try:
            net = cv2.dnn.readNetFromONNX("m.onnx", getattr(cv2.dnn, name))
            net.setInput(x)
            found[name] = net.forward()[0, 0]
        except (AttributeError, cv2.error):
            continue
    return found


def close(a, b):
    return a.shape == b.shape and np.allclose(a, b, atol=1e-3)


for side, mode, coordinates, scale, size, seen in [
    (5, "linear", "half_pixel", 1.5, None, "7/5"),
    (5, "linear", "asymmetric", 1.5, None, "7/5"),
    (7, "nearest", "asymmetric", 1.7, None, "11/7"),
    (4, "linear", "half_pixel", 1.5, None, "right"),
    (4, "nearest", "asymmetric", 1.5, None, "right"),
    (5, "linear", "half_pixel", None, 7, "right"),
    (5, "linear", "half_pixel_symmetric", 2, None, "asymmetric"),
    (5, "linear", "half_pixel_symmetric", None, 10, "asymmetric"),
    (5, "linear", "half_pixel", 2, None, "right"),
]:
    made = model(side, mode, coordinates, scale, size)
    out = size or int(side * scale)
    ramp = np.add.outer(np.zeros(side), np.arange(side) * 12.0)
    for picture in ramp, np.random.default_rng(0).standard_normal((side, side)) * 50:
        x = picture.astype(np.float32)[None, None]
        asymmetric = coordinates == "asymmetric"
        right = by_hand(picture, out, mode, asymmetric, scale or out / side)
        runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        assert close(runtime[0, 0], right), "the behaviour has changed"
        assert close(ReferenceEvaluator(made).run(None, {"x": x})[0][0, 0], right), "the behaviour has changed"
        if seen == "right":
            wanted = right
        elif seen == "asymmetric":
            wanted = by_hand(picture, out, mode, True, out / side)
        else:
            wanted = by_hand(picture, out, mode, asymmetric, out / side)
        engines = in_opencv(x)
        assert engines and (seen == "right") == close(wanted, right), "the behaviour has changed"
        for name, found in engines.items():
            assert close(found, wanted), "the behaviour has changed"
        if picture is ramp:
            print("%s %s, %d to %d by %s: OpenCV has %s (%s)" % (
                mode, coordinates, side, out, "scale %s" % scale if scale else "size", seen, ", ".join(engines)))
            print("  a ramp, right ", *np.round(right[0], 1))
            print("  a ramp, OpenCV", *np.round(next(iter(engines.values()))[0].astype(float), 1))
P
if grep -iE 'scale|symmetric|coordinate' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
