#!/bin/sh
# paddle2onnx makes plain pooling of adaptive pooling and of "area" resizing: right shape, wrong numbers unless sizes divide.
#
# Who meets it: who exports a discriminator or a feature network of PaddlePaddle with AdaptiveAvgPool2D or AdaptiveMaxPool2D
# (8 to 3, 10 to 4), or a model that makes its pictures smaller with F.interpolate(mode="area").
# Guess before the run: the exact windows, or a refusal where one size is no multiple of the other: ONNX has no adaptive
# pooling, and PyTorch's older exporter refuses.
# Seen (paddle2onnx 2.1.0, paddlepaddle 3.3.1): from h to o it writes ONE AveragePool or MaxPool of stride h // o and of the
# window that is left over, h - (o - 1) * stride. From 8 to 3 these are windows of 4 for Paddle's 3, 4 and 3; from 10 to 4
# windows of 4 for Paddle's 3. Shapes are right and the file passes ONNX's checker; ONNX Runtime and ONNX's reference agree on
# the wrong numbers. Among the many lines that the export prints none speaks of it. Where o divides h it is exact, and from 7
# to 2, by luck.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile paddlepaddle==3.3.1 paddle2onnx==2.1.0 setuptools==80.9.0 \
    onnx==1.17.0 onnxruntime==1.32.0
cd "$folder"
cat >run.py <<'P'
import numpy as np
import onnx
import onnxruntime
import paddle
import paddle.nn.functional as F
from onnx.reference import ReferenceEvaluator

changed = "the behaviour has changed"
paddle.set_device("cpu")
paddle.seed(0)


class Head(paddle.nn.Layer):
    """The last features of a discriminator, made smaller."""

    def __init__(self, kind, size):
        super().__init__()
        self.features = paddle.nn.Conv2D(3, 4, 1)
        self.kind, self.size = kind, size

    def forward(self, x):
        x = self.features(x)
        if self.kind == "average":
            return F.adaptive_avg_pool2d(x, self.size)
        if self.kind == "maximum":
            return F.adaptive_max_pool2d(x, self.size)
        return F.interpolate(x, size=[self.size, self.size], mode="area")


def pooled(x, kind, windows):
    """Each window's mean or maximum, by hand; a window is a first and a last row or column."""
    take = np.max if kind == "maximum" else np.mean
    return np.stack([np.stack([take(x[:, :, a:b, c:d], (2, 3)) for c, d in windows], -1) for a, b in windows], -2)


for h, o, exact in (8, 4, True), (7, 2, True), (8, 3, False), (10, 4, False), (32, 12, False):
    adaptive = [(i * h // o, -(-(i + 1) * h // o)) for i in range(o)]
    stride = h // o
    plain = [(i * stride, i * stride + h - (o - 1) * stride) for i in range(o)]
    assert (adaptive == plain) == exact, changed
    for kind in "average", "maximum", "area":
        head = Head(kind, o)
        head.eval()
        x = np.random.default_rng(h).standard_normal((2, 3, h, h)).astype(np.float32)
        paddle.onnx.export(head, "m", input_spec=[paddle.static.InputSpec([2, 3, h, h], "float32", "x")], opset_version=17)
        model = onnx.load("m.onnx")
        onnx.checker.check_model(model, full_check=True)
        weight, bias = (p.numpy() for p in head.parameters())
        features = np.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0]) + bias.reshape(1, -1, 1, 1)
        right, wrong = pooled(features, kind, adaptive), pooled(features, kind, plain)
        assert np.allclose(head(paddle.to_tensor(x)).numpy(), right, atol=1e-5), changed
        runtime = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
        assert runtime.shape == right.shape and np.allclose(runtime, reference, atol=1e-5), changed
        assert np.allclose(runtime, wrong, atol=1e-5) and np.allclose(runtime, right, atol=1e-5) == exact, changed
        pool = [node for node in model.graph.node if "Pool" in node.op_type]
        assert len(pool) == 1, changed
        print("SEEN %s of %d to %d: Paddle's windows are %s, the file has %s; largest error %.2f" % (
            kind, h, o, [b - a for a, b in adaptive][:4], pool[0].op_type, abs(runtime - right).max()))
P
OMP_NUM_THREADS=1 "$folder/venv/bin/python" run.py >log 2>&1 || { cat log; exit 1; }
sed -n 's/^SEEN //p' log
if grep -v '^SEEN ' log | grep -iE 'adaptive|pool|approx|area|interp|divis|exact|differ'; then
    echo "the behaviour has changed"
    exit 1
fi
echo "as described"
