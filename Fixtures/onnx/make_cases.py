"""The node tests that the ONNX project publishes, as fixtures of Tests/LayersTests/ONNXTests.swift and as a table.

    pip install onnx==1.23.2
    python make_cases.py          writes cases.safetensors beside this file, and docs/onnx-conformance.md

A case is run where it uses options that the layers have; the others are in the table with the first option that they do not
have. Numbers are as ONNX made them; images are channels last, and attributes that stand for others (auto_pad, output_shape)
are resolved here.
"""
import json
import pathlib
import struct
import warnings

import numpy
import onnx

warnings.filterwarnings("ignore")
from onnx.backend.test.case.node import collect_testcases

VERSION = "1.23.2"
OPERATORS = (
    "Conv ConvTranspose BatchNormalization Gemm MaxPool AveragePool GlobalAveragePool LeakyRelu Relu Tanh Sigmoid Gelu Swish "
    "Softmax SoftmaxCrossEntropyLoss Concat Flatten Adam Momentum").split()
LAYERS = dict(
    Conv="Conv2D", ConvTranspose="ConvTranspose2D", BatchNormalization="BatchNorm", Gemm="Dense", MaxPool="MaxPool2D",
    AveragePool="AvgPool2D", GlobalAveragePool="GlobalAveragePool", LeakyRelu="LeakyReLU", Relu="ReLU", Tanh="Tanh",
    Sigmoid="Sigmoid", Gelu="GELU", Swish="SiLU", Softmax="softmax", SoftmaxCrossEntropyLoss="softmaxCrossEntropy",
    Concat="Concatenate", Flatten="Flatten", Adam="Adam", Momentum="SGD")


class Lacking(Exception):
    """An option that the layers do not have."""


def need(condition, option):
    if not condition:
        raise Lacking(option)


def images(x):
    """[n, c, h, w] as [n, h, w, c]; [n, c] as [n, 1, 1, c]."""
    return numpy.moveaxis(x, 1, -1) if x.ndim == 4 else x.reshape(len(x), 1, 1, -1)


def window(a, x, kernel):
    """Kernel, strides and padding; x is [n, c, h, w]."""
    strides = a.get("strides", [1, 1])
    need(a.get("dilations", [1, 1]) == [1, 1], "dilations")
    auto, (top, left, bottom, right) = a.get("auto_pad", b"NOTSET"), a.get("pads", [0, 0, 0, 0])
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        before, after = [], []
        for size, k, s in zip(x.shape[2:], kernel, strides):
            total = max((-(-size // s) - 1) * s + k - size, 0)
            half = total // 2 if auto == b"SAME_UPPER" else total - total // 2
            before.append(half)
            after.append(total - half)
        (top, left), (bottom, right) = before, after
    return dict(kernel=list(kernel), stride=list(strides), pads=[top, left, bottom, right],
                isSame=auto == b"SAME_UPPER")


def convolution(a, inputs, outputs):
    x, w, *b = inputs
    need(a.get("group", 1) == 1, "groups")
    options = window(a, x, w.shape[2:])
    return options, dict(x=images(x), w=w, y=images(outputs[0]), **({"b": b[0]} if b else {}))


def transposed(a, inputs, outputs):
    x, w, *b = inputs
    need(a.get("group", 1) == 1, "groups")
    need(a.get("dilations", [1, 1]) == [1, 1], "dilations")
    kernel, strides, extra = w.shape[2:], a.get("strides", [1, 1]), list(a.get("output_padding", [0, 0]))
    pads = list(a.get("pads", [0, 0, 0, 0]))
    size, auto = a.get("output_shape"), a.get("auto_pad", b"NOTSET")
    if auto == b"SAME_UPPER" and size is None:
        size = [n * s for n, s in zip(x.shape[2:], strides)]
    if size is not None:
        for axis in (0, 1):
            total = strides[axis] * (x.shape[2 + axis] - 1) + extra[axis] + kernel[axis] - size[axis]
            if total < 0:
                # More is wanted than there is: as an output padding.
                extra[axis] -= total
                total = 0
            half = total // 2 if auto == b"SAME_UPPER" else total - total // 2
            pads[axis], pads[2 + axis] = half, total - half
    options = dict(kernel=list(kernel), stride=list(strides), pads=pads, outputPadding=extra,
                   isSame=auto == b"SAME_UPPER")
    return options, dict(x=images(x), w=w, y=images(outputs[0]), **({"b": b[0]} if b else {}))


def batch_norm(a, inputs, outputs):
    x, scale, shift, mean, variance = inputs
    options = dict(epsilon=a.get("epsilon", 1e-5), momentum=a.get("momentum", 0.9), isTraining=bool(a.get("training_mode", 0)))
    tensors = dict(x=images(x), w=scale, b=shift, mean=mean, variance=variance, y=images(outputs[0]))
    if options["isTraining"]:
        tensors.update(newMean=outputs[1], newVariance=outputs[2])
    return options, tensors


def gemm(a, inputs, outputs):
    x, w, *c = inputs
    need(not a.get("transA", 0), "transA")
    need(a.get("alpha", 1) == 1, "alpha")
    need(a.get("beta", 1) == 1, "beta")
    columns = outputs[0].shape[1]
    if c:
        need(c[0].size in (1, columns), "a bias for each row")
    return {}, dict(x=images(x), w=w if a.get("transB", 0) else w.T, y=images(outputs[0]),
                    **({"b": numpy.broadcast_to(c[0].reshape(-1), columns)} if c else {}))


def pool(a, inputs, outputs):
    x = inputs[0]
    need(x.dtype == numpy.float32, "integers")
    need(len(outputs) == 1, "indices as an output")
    options = window(a, x, a["kernel_shape"])
    options.update(ceil=bool(a.get("ceil_mode", 0)), countIncludePad=bool(a.get("count_include_pad", 0)))
    return options, dict(x=images(x), y=images(outputs[0]))


def whole_image(a, inputs, outputs):
    return {}, dict(x=images(inputs[0]), y=images(outputs[0]))


def elementwise(a, inputs, outputs):
    need(a.get("approximate", b"none") == b"none", "the tanh approximation")
    need(a.get("alpha", 1.0) == 1.0 or "slope" in a, "alpha")
    return {"slope": a.get("slope", 0)}, {k: v.reshape(1, 1, 1, -1) for k, v in dict(x=inputs[0], y=outputs[0]).items()}


def leaky(a, inputs, outputs):
    return elementwise({"slope": a.get("alpha", 0.01)}, inputs, outputs)


def softmax(a, inputs, outputs):
    axis = a.get("axis", -1)
    return {}, {k: numpy.moveaxis(v, axis, -1).reshape(1, 1, -1, v.shape[axis])
                for k, v in dict(x=inputs[0], y=outputs[0]).items()}


def cross_entropy(a, inputs, outputs):
    x, labels, *weights = inputs
    need(a.get("reduction", b"mean") == b"mean", "a reduction other than mean")
    need(not weights, "weights of classes")
    need("ignore_index" not in a, "ignore_index")
    need(len(outputs) == 1, "log_prob as an output")
    last = numpy.moveaxis(x, 1, -1)
    return {}, dict(x=last.reshape(1, 1, -1, x.shape[1]), labels=labels.reshape(-1), y=outputs[0].reshape(1))


def concat(a, inputs, outputs):
    x = inputs[0]
    need(a["axis"] % x.ndim == 1, "an axis other than channels")

    def last(x):
        x = numpy.moveaxis(x, 1, -1)
        return x.reshape(x.shape[0], 1, -1, x.shape[-1])
    return {}, {**{f"x{i}": last(v) for i, v in enumerate(inputs)}, "y": last(outputs[0])}


def flatten(a, inputs, outputs):
    x = inputs[0]
    need(a.get("axis", 1) % x.ndim == 1, "an axis other than channels")
    return {}, dict(x=images(x), y=images(outputs[0]))


def optimizer(count):
    def read(a, inputs, outputs):
        rate, step, *tensors = inputs
        need(float(step) == 0, "damping after the first step")
        need(a.get("norm_coefficient_post", 0) == 0, "norm_coefficient_post")
        n = len(outputs) // count
        options = dict(rate=float(rate), alpha=a["alpha"], beta=a["beta"], decay=a["norm_coefficient"],
                       epsilon=a.get("epsilon", 0), isNesterov=a.get("mode") == b"nesterov", parameters=n)
        names = ["x", "gradient", "first", "second"][:count + 1]
        found = {f"{name}{i}": tensors[k * n + i] for k, name in enumerate(names) for i in range(n)}
        after = ["newX", "newFirst", "newSecond"][:count]
        return options, found | {f"{name}{i}": outputs[k * n + i] for k, name in enumerate(after) for i in range(n)}
    return read


READERS = dict(
    Conv=convolution, ConvTranspose=transposed, BatchNormalization=batch_norm, Gemm=gemm, MaxPool=pool, AveragePool=pool,
    GlobalAveragePool=whole_image, LeakyRelu=leaky, Relu=elementwise, Tanh=elementwise, Sigmoid=elementwise,
    Gelu=elementwise, Swish=elementwise, Softmax=softmax, SoftmaxCrossEntropyLoss=cross_entropy, Concat=concat,
    Flatten=flatten, Adam=optimizer(3), Momentum=optimizer(2))
IMAGES = "Conv ConvTranspose MaxPool AveragePool GlobalAveragePool".split()


def save(path, tensors, metadata):
    """A safetensors file."""
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        raw = numpy.ascontiguousarray(tensor, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    if onnx.__version__ != VERSION:
        raise SystemExit(f"onnx {onnx.__version__} is installed, and {VERSION} is needed: pip install onnx=={VERSION}")
    cases, tensors, rows = [], {}, []
    for test in collect_testcases(None):
        nodes = test.model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in OPERATORS:
            continue
        operator, name = nodes[0].op_type, test.name.removeprefix("test_")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in nodes[0].attribute}
        inputs, outputs = test.data_sets[0]
        inputs, outputs = ([numpy.asarray(x) for x in side] for side in (inputs, outputs))
        try:
            if operator in IMAGES:
                need(inputs[0].ndim == 4, f"{inputs[0].ndim - 2}-D")
            need(inputs[0].ndim <= 4, f"{inputs[0].ndim} axes")
            options, found = READERS[operator](attributes, inputs, outputs)
            # Some outputs are written down with a few digits.
            y = found.get("y", numpy.zeros(1))
            digits = next((d for d in range(5) if numpy.allclose(y, numpy.round(y, d), 0, 1e-8)), None)
            if digits in (3, 4):
                options["resolution"] = 10.0 ** -digits
            cases.append(dict(name=name, operator=operator, **options))
            tensors |= {f"{name}.{key}": value for key, value in found.items()}
            rows.append((operator, name, "passes"))
        except Lacking as lacking:
            rows.append((operator, name, f"not there: {lacking}"))
    rows.sort(key=lambda row: OPERATORS.index(row[0]))
    here = pathlib.Path(__file__).resolve().parent
    save(here / "cases.safetensors", tensors, {"onnx": VERSION, "cases": json.dumps(cases)})

    lines = [
        "# Conformance with ONNX's node tests", "",
        "Written by `Fixtures/onnx/make_cases.py`; do not edit. The tests are those that the ONNX project publishes in the package",
        f"`onnx` {VERSION}, of every operator that the layers, losses and optimisers of `Layers` have a counterpart of. Those that",
        "use options which we have are run by `Tests/LayersTests/ONNXTests.swift`, and every one passes: outputs within 1e-5 of",
        "their RMS, or a unit of the last digit where they are written down with three or four. The others are listed with the first option that is not there.", "",
        "Three things are ONNX's way of saying what we say otherwise. Its running variance in training is of the biased variance,",
        "ours as PyTorch's of the unbiased one: the test compares them with that factor. Its Adam and Momentum at T = 0 are without",
        "bias correction, as ours are after many steps. `SAME_LOWER` and `output_shape` are explicit paddings.", "",
        "The tests are the ONNX project's, under the Apache License 2.0; the fixtures hold their numbers.", "",
        "| operator | ours | pass | options that are not there |", "|---|---|---|---|",
    ]
    for operator in OPERATORS:
        own = [row for row in rows if row[0] == operator]
        lacks = sorted({row[2].removeprefix("not there: ") for row in own if row[2] != "passes"})
        passing = sum(row[2] == "passes" for row in own)
        lines.append(f"| {operator} | `{LAYERS[operator]}` | {passing} of {len(own)} | {', '.join(lacks)} |")
    lines += ["", "| operator | test | |", "|---|---|---|"]
    lines += [f"| {operator} | {name} | {status} |" for operator, name, status in rows]
    (here.parent.parent / "docs" / "onnx-conformance.md").write_text("\n".join(lines) + "\n")
    passing = sum(row[2] == "passes" for row in rows)
    print(f"{passing} cases of {len(rows)} are run")


main()
