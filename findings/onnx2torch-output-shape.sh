#!/bin/sh
# onnx2torch ignores output_shape of a ConvTranspose: a generator of 64 pixels makes pictures of 109, without a word.
#
# Who meets it: who takes a generator that another framework wrote to PyTorch, to train it further or to look into it.
# Exporters that know the size of a transposed convolution's output may state it as output_shape, from which the pads follow.
# Guess before the run: output_shape is honoured, or refused, as the same converter refuses auto_pad and pads that differ
# from side to side.
# Seen (onnx2torch 1.5.15): the attribute is not looked at. The layer gets no pads and keeps its border, so each of four
# layers makes 2n + 3 pixels where 2n were asked for; weights and types fit, and no warning is given. With the pads written
# out it agrees with ONNX Runtime.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 onnx2torch==1.5.15 torch==2.15.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import warnings

import numpy as np, onnx, onnxruntime, torch
from onnx import TensorProto, helper, numpy_helper
from onnx2torch import convert

x = np.random.default_rng(0).standard_normal((1, 4, 4, 4)).astype(np.float32)
weight = np.random.default_rng(1).standard_normal((4, 4, 5, 5)).astype(np.float32) / 10


def sizes(what, attributes):
    """Both readers' pictures of four layers, each twice as large as the one before."""
    nodes = [
        helper.make_node("ConvTranspose", [f"x{i}", "w"], [f"x{i + 1}"], strides=[2, 2], **attributes(8 << i))
        for i in range(4)
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x0", TensorProto.FLOAT, [1, 4, 4, 4])],
        [helper.make_tensor_value_info("x4", TensorProto.FLOAT, [1, 4, 64, 64])], [numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x0": x})[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with torch.no_grad():
            converted = convert(model)(torch.from_numpy(x)).numpy()
    print(f"{what}: ONNX Runtime {runtime.shape[2:]}, onnx2torch {converted.shape[2:]}")
    return runtime, converted


def refuses(what, **attributes):
    try:
        sizes(what, lambda size: attributes)
    except NotImplementedError as error:
        print(f"{what}: refused: {error}")
        return True
    return False


runtime, converted = sizes("pads and output_padding", lambda size: {"pads": [2] * 4, "output_padding": [1, 1]})
assert runtime.shape == converted.shape == (1, 4, 64, 64) and np.abs(runtime - converted).max() < 1e-4
runtime, converted = sizes("output_shape", lambda size: {"output_shape": [size, size]})
assert runtime.shape == (1, 4, 64, 64) and converted.shape == (1, 4, 109, 109), "the behaviour has changed"
assert refuses("auto_pad", auto_pad="SAME_UPPER"), "the behaviour has changed"
assert refuses("pads that differ", pads=[1, 1, 2, 2]), "the behaviour has changed"
P
echo "as described"
