#!/bin/sh
# tf2onnx, and so Keras' own export to ONNX, makes nearest neighbour of "area" resizing: most of the picture is not looked at.
#
# Who meets it: whoever makes pictures smaller with tf.image.resize(method="area") or keras.layers.Resizing(interpolation="area")
# in the network (a discriminator of several scales, the entry of a scoring network) and brings that to ONNX.
# Guess before the run: means of the pixels, by AveragePool where the size divides, or a refusal as for `antialias=True`. The
# release notes of tf2onnx 1.16.0 say that ResizeArea is supported (https://github.com/onnx/tensorflow-onnx/pull/2241).
# Seen (tf2onnx 1.17.0, keras 3.15.1): the file has a Resize with mode `nearest`, `asymmetric`, `floor`. Of each 2x2 or 4x4 pixels
# it takes the upper left one, so that noise keeps its full strength and fine stripes turn white or black instead of grey. The
# shape is right, the checker passes, the ONNX reference and ONNX Runtime agree with each other, and nothing warns.
# avg_pool2d, which is the same where the size divides, comes through rightly; so do `bilinear` and `bicubic`.
# Way out: avg_pool2d instead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tf2onnx==1.17.0 tensorflow-cpu==2.21.0 keras==3.15.1 onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.4.6
cd "$folder"
CUDA_VISIBLE_DEVICES='' KERAS_BACKEND=tensorflow "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx
from onnx.reference import ReferenceEvaluator

print("tf2onnx", tf2onnx.__version__, "tensorflow", tf.__version__, "keras", keras.__version__)
SIDE = 16
noise = np.random.default_rng(0).standard_normal((1, SIDE, SIDE, 3)).astype(np.float32)
stripes = np.zeros((1, SIDE, SIDE, 3), np.float32)
stripes[:, :, ::2] = 1


def by_function(function):
    signature = [tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="x")]
    return tf2onnx.convert.from_function(tf.function(function), input_signature=signature, opset=18)[0]


def by_keras(layer):
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3), batch_size=1), layer])
    model(noise)
    model.export("m.onnx", format="onnx", verbose=False)
    return onnx.load("m.onnx")


def run(model, x):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    found = session.run(None, {name: x})[0]
    assert np.allclose(found, ReferenceEvaluator(model).run(None, {name: x})[0], atol=1e-4), "the behaviour has changed"
    return found


def means(x, k):
    return x.reshape(1, SIDE // k, k, SIDE // k, k, 3).mean((2, 4))


for name, factor, function, model in [
    ("tf.image.resize area", 2, *(2 * [lambda x: tf.image.resize(x, (SIDE // 2, SIDE // 2), "area")])),
    ("tf.image.resize area", 4, *(2 * [lambda x: tf.image.resize(x, (SIDE // 4, SIDE // 4), "area")])),
    ("keras Resizing area", 2, *(2 * [keras.layers.Resizing(SIDE // 2, SIDE // 2, interpolation="area")])),
    ("tf.nn.avg_pool2d", 2, *(2 * [lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID")])),
    ("tf.nn.avg_pool2d", 4, *(2 * [lambda x: tf.nn.avg_pool2d(x, 4, 4, "VALID")])),
]:
    made = by_keras(model) if name.startswith("keras") else by_function(model)
    resizes = [{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute} for node in made.graph.node
               if node.op_type == "Resize"]
    for what, x in ("noise", noise), ("stripes", stripes):
        assert np.allclose(function(x), means(x, factor), atol=1e-5), "the behaviour has changed"
        found = run(made, x)
        print("%s, by %d, %s: in TensorFlow %.2f +- %.2f, in ONNX %.2f +- %.2f" % (
            name, factor, what, np.mean(function(x)), np.std(function(x)), found.mean(), found.std()))
        assert found.shape == means(x, factor).shape, "the behaviour has changed"
        if "area" in name:
            assert [r["mode"] for r in resizes] == [b"nearest"], "the behaviour has changed"
            assert (found == x[:, ::factor, ::factor]).all(), "the behaviour has changed"
        else:
            assert not resizes and np.allclose(found, means(x, factor), atol=1e-5), "the behaviour has changed"

for method, side in ("bilinear", SIDE // 2), ("bilinear", 2 * SIDE), ("bicubic", 2 * SIDE):
    made = by_function(lambda x: tf.image.resize(x, (side, side), method))
    right = np.allclose(run(made, noise), tf.image.resize(noise, (side, side), method), atol=1e-4)
    print("tf.image.resize %s to %d: %s" % (method, side, "right" if right else "wrong"))
    assert right, "the behaviour has changed"
P
if grep -iE '\barea\b|resizearea|not supported|unsupported' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
