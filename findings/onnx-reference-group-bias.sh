#!/bin/sh
# ONNX's own reference gives every channel of a depthwise ConvTranspose the bias of the first.
#
# Who meets it: whoever judges a reader or an exporter by onnx.reference, and has a generator that enlarges its pictures channel
# by channel (group = channels, a fixed or a learnt filter) with a bias, as folding batch normalisation leaves it.
# Guess before the run: the reference follows the operator's definition (https://onnx.ai/onnx/operators/onnx__ConvTranspose:
# B is a bias per output channel), or refuses.
# Seen (onnx 1.23.2): without bias it agrees with sums by hand, ONNX Runtime 1.32.0 and OpenVINO 2026.4.1. With one, all groups
# add B[0]: right shape, wrong numbers, no warning. Conv with groups is right. Groups of more than one output channel are
# refused, with an error of numpy about shapes, though the checker accepts the model and the others compute it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def convolution(operator, weight, group, bias):
    """All pixels and weights are 1, filters 2x2, stride 2: outputs are small whole numbers plus the bias."""
    tensors = [numpy_helper.from_array(np.ones(weight, np.float32), "w")]
    if bias:
        tensors.append(numpy_helper.from_array(np.array(bias, np.float32), "b"))
    node = helper.make_node(operator, ["x"] + [t.name for t in tensors], ["y"], strides=[2, 2], group=group)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, weight[0], 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors)
    graph.output[0].type.tensor_type.shape.SetInParent()
    for name in "NCHW":
        graph.output[0].type.tensor_type.shape.dim.add().dim_param = name
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    return model, np.ones((1, weight[0], 2, 2), np.float32)


def channels(y):
    """What is in each channel, which is one number all over."""
    assert (y == y[:, :, :1, :1]).all()
    return y[0, :, 0, 0].astype(int).tolist()


def reference(model, x):
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def others(model, x):
    runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    other = openvino.compile_model(openvino.Core().read_model("m.onnx"), "CPU")(x)[0]
    assert channels(runtime) == channels(other), "the behaviour has changed"
    return runtime


for operator, bias, seen, right in [
    ("ConvTranspose", None, [1, 1, 1], [1, 1, 1]),
    ("ConvTranspose", [10, 20, 30], [11, 11, 11], [11, 21, 31]),
    ("Conv", [10, 20, 30], [14, 24, 34], [14, 24, 34]),
]:
    case = convolution(operator, [3, 1, 2, 2], 3, bias)
    found = channels(reference(*case)), channels(others(*case))
    print("%s, 3 channels in 3 groups, bias %s: reference %s, others %s" % (operator, bias, *found))
    assert found == (seen, right), "the behaviour has changed"

case = convolution("ConvTranspose", [4, 2, 2, 2], 2, None)
print("ConvTranspose, 4 channels in 2 groups: others", channels(others(*case)))
assert channels(others(*case)) == [2, 2, 2, 2], "the behaviour has changed"
try:
    reference(*case)
except ValueError as error:
    print(" reference:", error)
else:
    raise SystemExit("the behaviour has changed")
P
echo "as described"
