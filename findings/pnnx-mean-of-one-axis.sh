#!/bin/sh
# pnnx loses the axis of a mean or sum over one axis, from opset 18 on: in ncnn the pixel norm of a generator becomes a sign.
#
# Who meets it: who takes a generator with ProGAN's or StyleGAN's pixel norm, x / sqrt(mean(x^2, 1)), or a network with
# x.mean(1, keepdim=True), to a phone with ncnn by way of ONNX. PyTorch 2.15 writes opset 20 if not asked.
# Guess before the run: the axis is an input since opset 18, and pnnx knows that, as it is right with two axes of opset 18; the
# same network of opset 17 and 20 gives the same numbers.
# Seen (pnnx 20261020, ncnn 1.0.20261020): with one axis as the input, the list of axes of ncnn's Reduction is empty, and it
# reduces nothing: the mean over the channels has all the channels, each its own mean, and pixel norm gives 1 and -1 where
# numbers between were. ReduceL2 is the same, and so is ReduceSum, whose axes are an input since opset 13. The pixel norm's shape
# is right, and neither pnnx nor ncnn says a word. pnnx's own m.pnnx.param of the same run has the axis. With the axis as the
# attribute of opset 17, and with the two axes of a picture's sides of any opset, all is right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ncnn==1.0.20261020 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps pnnx==20261020
cd "$folder"
cat >see.py <<'P'
import os
import subprocess
import sysconfig

import ncnn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

changed = "the behaviour has changed"
# The command of the package that needs no PyTorch.
pnnx = os.path.join(sysconfig.get_path("platlib"), "pnnx", "pnnx")
x = np.random.default_rng(0).standard_normal((1, 3, 4, 5)).astype(np.float32)
weight = np.random.default_rng(1).standard_normal((3, 3, 1, 1)).astype(np.float32)
behind = np.einsum("oi,bihw->bohw", weight[:, :, 0, 0], x)


def reduce(kind, opset, axes, source, out):
    if opset >= 18 or kind == "ReduceSum":
        return helper.make_node(kind, [source, "axes"], [out], keepdims=1), [numpy_helper.from_array(np.array(axes), "axes")]
    return helper.make_node(kind, [source], [out], keepdims=1, axes=axes), []


def look(nodes, rest, opset, shape):
    """What ONNX Runtime and ncnn make of a convolution with the nodes behind it, and the axes that pnnx wrote."""
    nodes = [helper.make_node("Conv", ["x", "weight"], ["c"], kernel_shape=[1, 1])] + nodes
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 5])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
                              [numpy_helper.from_array(weight, "weight")] + rest)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    right = onnxruntime.InferenceSession("m.onnx").run(None, {"x": x})[0]
    assert np.allclose(ReferenceEvaluator(model).run(None, {"x": x})[0], right, atol=1e-4), changed
    done = subprocess.run([pnnx, "m.onnx", "inputshape=[1,3,4,5]f32", "fp16=0"], capture_output=True, text=True, check=True)
    for line in (done.stdout + done.stderr).lower().splitlines():
        assert "cpuid" in line or not any(w in line for w in ("axes", "axis", "support", "warn", "fail", "error")), line
    net = ncnn.Net()
    net.opt.use_vulkan_compute = net.opt.use_fp16_storage = net.opt.use_fp16_packed = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    assert net.load_param("m.ncnn.param") == 0 and net.load_model("m.ncnn.bin") == 0, changed
    run = net.create_extractor()
    run.input("in0", ncnn.Mat(x[0]).clone())
    status, found = run.extract("out0")
    assert status == 0, changed
    axes = [word for line in open("m.ncnn.param") if line.startswith("Reduction") for word in line.split() if "-23303" in word]
    assert "dim=" in open("m.pnnx.param").read(), changed
    return right[0], np.array(found), axes[0]


def close(a, b):
    return a.shape == b.shape and np.allclose(a, b, atol=1e-4)


by_hand = {"ReduceMean": np.mean, "ReduceSum": np.sum, "ReduceL2": lambda x, a, **k: np.sqrt((x**2).sum(a, **k))}
itself = {"ReduceMean": lambda x: x, "ReduceSum": lambda x: x, "ReduceL2": abs}
for kind, function in by_hand.items():
    for opset in 17, 18, 20:
        for axes in [1], [2, 3]:
            node, rest = reduce(kind, opset, axes, "c", "y")
            right, found, written = look([node], rest, opset, [1, 1, 4, 5] if axes == [1] else [1, 3, 1, 1])
            assert close(right, function(behind, tuple(axes), keepdims=True)[0]), changed
            lost = len(axes) == 1 and (opset >= 18 or kind == "ReduceSum")
            assert close(found, itself[kind](behind[0]) if lost else right), changed
            print(f"{kind} over {axes}, opset {opset}: right {right.shape}, ncnn {found.shape}, axes in ncnn {written}")
for opset in 17, 20:
    node, rest = reduce("ReduceMean", opset, [1], "square", "mean")
    nodes = [helper.make_node("Mul", ["c", "c"], ["square"]), node, helper.make_node("Add", ["mean", "little"], ["some"]),
             helper.make_node("Sqrt", ["some"], ["root"]), helper.make_node("Div", ["c", "root"], ["y"])]
    right, found, _ = look(nodes, rest + [numpy_helper.from_array(np.array(1e-8, np.float32), "little")], opset, [1, 3, 4, 5])
    assert close(right, (behind / np.sqrt((behind**2).mean(1, keepdims=True) + 1e-8))[0]), changed
    assert close(found, np.sign(behind[0]) if opset >= 18 else right), changed
    print(f"pixel norm, opset {opset}: right", *np.round(right[0, 0].astype(float), 2), "ncnn",
          *np.round(found[0, 0].astype(float), 2))
P
"$folder/venv/bin/python" see.py
echo "as described"
