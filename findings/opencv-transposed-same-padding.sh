#!/bin/sh
# OpenCV's dnn module reads ConvTranspose with auto_pad=SAME_UPPER, but makes a picture one row and column too small.
#
# Who meets it: a DCGAN generator trained with TensorFlow's SAME padding and exported with auto_pad, run by cv2.dnn.
# Guess before the run: the operator's definition fixes the output's side to input * stride, so all readers agree.
# Seen (OpenCV 5.0.0.93): the checker accepts the model, ONNX Runtime and the ONNX reference give 8x8 for a 4x4 input and
# stride 2; OpenCV gives 7x7, without an error. Full padding and a Slice behind it gives 8x8 in all three.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
"$folder/venv/bin/python" - 2>"$folder/log" <<'P' || { cat "$folder/log"; exit 1; }
import cv2, numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
weight = numpy_helper.from_array(np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5), "w")


def sides(nodes, more=()):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 8, 8])], [weight, *more])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x, "x")
    return {
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0].shape[2:],
        "ONNX Runtime": onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0].shape[2:],
        "OpenCV": net.forward().shape[2:],
    }


same = sides([helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], auto_pad="SAME_UPPER")])
sliced = sides(
    [helper.make_node("ConvTranspose", ["x", "w"], ["full"], strides=[2, 2]),
     helper.make_node("Slice", ["full", "from", "to", "axes"], ["y"])],
    [numpy_helper.from_array(np.array(v, np.int64), n) for n, v in (("from", [1, 1]), ("to", [9, 9]), ("axes", [2, 3]))])
print("auto_pad=SAME_UPPER:", same)
print("full, then Slice:   ", sliced)
assert same == {"reference": (8, 8), "ONNX Runtime": (8, 8), "OpenCV": (7, 7)}, "the behaviour has changed"
assert set(sliced.values()) == {(8, 8)}, "the behaviour has changed"
P
echo "as described"
