#!/bin/sh
# OnnxSlim takes what multiplies the columns or rows of a convolution's picture for what multiplies its channels.
#
# Who meets it: whoever slims a generator or discriminator that weighs a picture by place (a window that fades the borders out, a
# weight per column or row) right after a convolution which has as many channels as the picture has columns or rows. In a DCGAN
# both are powers of two: 32 channels of 32x32.
# Guess before the run: onnxslim.slim folds Conv+Mul where there is one factor per output channel, leaves the rest alone, and
# keeps the numbers.
# Seen (onnxslim 0.1.98): a constant with as many elements as there are channels is folded into the weights whatever its shape, for
# Conv and ConvTranspose: weights per column ([4], [1, 1, 1, 4]) or row ([4, 1]) become weights per channel. Shapes stay, the
# checker is content, nothing warns. Numbers by hand, ONNX Runtime 1.32.0 with its own optimiser on and off, onnx.reference and
# onnxsim 0.8.1 agree that slimming changes them. Right are [4, 1, 1], constants of another size, and Add instead of Mul.
# (model_check=True, which is off unless asked for, finds it.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 onnxslim==0.1.98 onnxsim==0.8.1 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

CHANNELS = 4


def model(operator, last, factor):
    """Four channels, each a copy of the picture (Conv) or the picture enlarged by two (ConvTranspose), times or plus a constant."""
    if operator == "Conv":
        weight, attributes = np.ones((CHANNELS, 1, 1, 1)), {}
    else:
        weight, attributes = np.ones((1, CHANNELS, 2, 2)), {"strides": [2, 2]}
    nodes = [helper.make_node(operator, ["x", "w"], ["c"], **attributes), helper.make_node(last, ["c", "k"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, None, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CHANNELS, None, None])],
        [numpy_helper.from_array(weight.astype(np.float32), "w"), numpy_helper.from_array(factor, "k")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(made, x, level=onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level, options.intra_op_num_threads = level, 1
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


for operator, side in ("Conv", 4), ("ConvTranspose", 2):
    for last, shape, name, moved in [
        ("Mul", (4,), "per column", True),
        ("Mul", (1, 1, 1, 4), "per column", True),
        ("Mul", (4, 1), "per row", True),
        ("Mul", (4, 1, 1), "per channel", False),
        ("Mul", (4, 4), "per pixel", False),
        ("Add", (4,), "per column", False),
    ]:
        x = np.ones((1, 1, side, side), np.float32)
        factor = np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)
        # The convolution makes ones of ones, 4x4 in four channels.
        ones = np.ones((1, CHANNELS, 4, 4), np.float32)
        right = ones * factor if last == "Mul" else ones + factor
        made = model(operator, last, factor)
        for found in (run(made, x), run(made, x, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL),
                      ReferenceEvaluator(made).run(None, {"x": x})[0], run(onnxsim.simplify(made)[0], x)):
            assert np.array_equal(found, right), "the behaviour has changed"
        slim = onnxslim.slim(made)
        onnx.checker.check_model(slim, full_check=True)
        found = run(slim, x)
        print("%s and %s %s, shape %s, becomes %s" % (operator, last, name, shape, "+".join(n.op_type for n in slim.graph.node)))
        print("  first row of each channel, right   ", *right[0, :, 0].astype(int).tolist())
        print("  first row of each channel, slimmed ", *found[0, :, 0].astype(int).tolist())
        wanted = ones * factor.reshape(-1, 1, 1) if moved else right
        assert found.shape == right.shape and np.array_equal(found, wanted), "the behaviour has changed"
P
if grep -iE 'mul|conv|channel|mismatch' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
