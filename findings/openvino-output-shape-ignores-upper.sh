#!/bin/sh
# OpenVINO shifts the picture of a ConvTranspose that has output_shape and auto_pad=SAME_UPPER by one pixel.
#
# Who meets it: exporters that state a transposed convolution's size as output_shape (TensorFlow's operator has that
# argument) and its padding as SAME_UPPER, which is what TensorFlow's SAME means.
# Guess before the run: pads follow from the operator's two equations (https://onnx.ai/onnx/operators/onnx__ConvTranspose),
# SAME_UPPER puts the odd pixel at the end, and readers agree.
# Seen (OpenVINO 2026.4.1): without output_shape it agrees with ONNX Runtime. With it, SAME_UPPER is computed as
# SAME_LOWER: the size is right, so nothing complains, and every stage moves the picture by one pixel.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np, onnx, onnxruntime, openvino
from onnx import TensorProto, helper, numpy_helper

# One pixel of 1: the output is the part of the 5x5 filter that the padding leaves.
x = np.ones((1, 1, 1, 1), np.float32)
weight = numpy_helper.from_array(np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5), "w")


def corner(**attributes):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], **attributes)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    compiled = openvino.compile_model(openvino.Core().read_model("m.onnx"), "CPU")
    found = (int(onnxruntime.InferenceSession("m.onnx").run(None, {"x": x})[0][0, 0, 0, 0]), int(compiled(x)[0][0, 0, 0, 0]))
    print(attributes, "ONNX Runtime: first tap %d, OpenVINO: first tap %d" % found)
    return found


# total padding 3; upper: 1 before, the first tap left is row 1, column 1 of the filter (7); lower: 2 before (13).
assert corner(auto_pad="SAME_UPPER") == (7, 7), "the behaviour has changed"
assert corner(auto_pad="SAME_LOWER") == (13, 13), "the behaviour has changed"
assert corner(output_shape=[2, 2], auto_pad="SAME_UPPER") == (7, 13), "the behaviour has changed"
assert corner(output_shape=[2, 2], auto_pad="SAME_LOWER") == (13, 13), "the behaviour has changed"
P
echo "as described"
