#!/bin/sh
# PyTorch's two ONNX exporters drop the divisor of an average pooling without a word: sums become means.
#
# Who meets it: whoever exports a discriminator that adds up its last features with AvgPool2d(k, divisor_override=1), as sum
# pooling is written in PyTorch, or that leaves the padding out of some other count.
# Guess before the run: the exporter multiplies by k*k/divisor, or refuses: ONNX's AveragePool has no such attribute
# (https://onnx.ai/onnx/operators/onnx__AveragePool.html), and PyTorch 2.0 still refused (pytorch/pytorch#105349).
# Seen (torch 2.13.0, onnxscript 0.7.2): both dynamo=True and dynamo=False write a plain AveragePool. The file passes ONNX's
# checker, has the right shapes, and ONNX's reference and ONNX Runtime 1.32.0 agree on the wrong numbers: a quarter for 2x2,
# a sixteenth for 4x4. Neither a warning nor a log line names the divisor. Only verify=True, which is off unless asked for,
# finds the numbers apart. (torch 2.15.0, tried once by hand, does the same.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import contextlib
import io
import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator

torch.set_num_threads(1)


def exported(layer, x, dynamo):
    """The exported layer's nodes and numbers, and all that the exporter had to say."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    for name in "", "torch", "torch.onnx", "onnxscript":
        logging.getLogger(name).addHandler(handler)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.onnx.export(layer, (x,), "m.onnx", dynamo=dynamo, input_names=["x"])
    for name in "", "torch", "torch.onnx", "onnxscript":
        logging.getLogger(name).removeHandler(handler)
    model = onnx.load("m.onnx")
    onnx.checker.check_model(model, full_check=True)
    runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    reference = ReferenceEvaluator(model).run(None, {"x": x.numpy()})[0]
    assert np.allclose(runtime, reference, atol=1e-6), "the behaviour has changed"
    words = said.getvalue() + " ".join(str(warning.message) for warning in caught)
    return [node.op_type for node in model.graph.node], runtime, words.lower()


def windows(x, side, divisor):
    """Each window's sum by hand, over the divisor."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // side, side, w // side, side).sum((3, 5)) / divisor


picture = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
for side, divisor in (2, None), (2, 1), (4, 1), (2, 3):
    layer = torch.nn.AvgPool2d(side, divisor_override=divisor).eval()
    right = windows(picture, side, divisor or side * side)
    assert np.allclose(layer(torch.from_numpy(picture)).numpy(), right, atol=1e-5), "the behaviour has changed"
    for dynamo in True, False:
        nodes, found, words = exported(layer, torch.from_numpy(picture), dynamo)
        factor = float((found * right).sum() / (right * right).sum())
        print("%dx%d, divisor %s, dynamo=%s: %s, numbers times %.4f, the divisor is %s"
              % (side, side, divisor, dynamo, "+".join(nodes), factor, "named" if "divisor" in words else "not named"))
        assert nodes == ["AveragePool"] and found.shape == right.shape, "the behaviour has changed"
        assert np.allclose(found, windows(picture, side, side * side), atol=1e-5), "the behaviour has changed"
        assert "divisor" not in words, "the behaviour has changed"
P
if grep -i divisor log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
