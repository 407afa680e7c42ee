#!/bin/sh
# OpenVINO darkens the last row and column of mean pooling with ceil_mode and count_include_pad.
#
# Who meets it: networks with PyTorch's AvgPool2d(3, 2, 1, ceil_mode=True), whose count_include_pad is true, exported to ONNX:
# judges and feature networks of Inception's kind, discriminators with mean pooling.
# Guess before the run: the windows that ceil_mode adds reach beyond the padding; padding counts and what is beyond it does not,
# as in PyTorch, and all readers agree.
# Seen (OpenVINO 2026.4.1): it divides by the whole window there. Of a picture of ones ONNX Runtime and ONNX's own reference
# make 1/2 at the last row and column, 1/4 in the corner, and OpenVINO makes 1/3 and 1/9. Without ceil_mode, and without
# count_include_pad, it agrees.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np, onnx, onnxruntime, openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

ones = np.ones((1, 1, 8, 8), np.float32)


def last_row(size, **attributes):
    """The middle and the end of the last row that each reader makes of ones, as (reference, ONNX Runtime, OpenVINO)."""
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], **attributes)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, size, size])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    outputs = (
        ReferenceEvaluator(model).run(None, {"x": ones})[0], onnxruntime.InferenceSession("m.onnx").run(None, {"x": ones})[0],
        openvino.compile_model(openvino.Core().read_model("m.onnx"), "CPU")(ones)[0])
    found = [tuple(round(float(y[0, 0, -1, i]), 3) for i in (2, -1)) for y in outputs]
    print(attributes, "reference %s, ONNX Runtime %s, OpenVINO %s" % tuple(found))
    return found


changed = "the behaviour has changed"
assert last_row(5, ceil_mode=1, count_include_pad=1) == [(0.5, 0.25), (0.5, 0.25), (0.333, 0.111)], changed
assert last_row(5, ceil_mode=1) == [(1, 1)] * 3, changed
assert last_row(4, count_include_pad=1) == [(1, 1)] * 3, changed
P
echo "as described"
