#!/bin/sh
# Simplifiers of ONNX make one noise of two, or one picture of all: onnxsim, onnxoptimizer, OnnxSlim and ONNX GraphSurgeon.
#
# Who meets it: whoever simplifies a generator that draws noise itself, be it its z or what is added to its layers, before it goes
# to another engine, as is usual.
# Guess before the run: nodes that draw numbers are left alone. The definition
# (https://onnx.ai/onnx/operators/onnx__RandomNormalLike.html) lets a node without a seed make its own, so two nodes that look the
# same do not give the same, and a node with no input is no constant. ONNX marks such operators: OpSchema.node_determinism.
# Seen: onnxsim 0.8.1 and onnxoptimizer 0.4.2 merge two noises of one size into one, so their sum has the variance 4 instead of 2.
# OnnxSlim 0.1.98 and ONNX GraphSurgeon 0.6.1 draw once, when the model is simplified, and keep the numbers: every run of the
# simplified model has the same noise. With RandomNormalLike of the model's input, which no one can draw beforehand, OnnxSlim
# merges too, and GraphSurgeon is right. Shapes stay, the checker is content, and no tool warns. onnxscript 0.7.2 is right, as are
# all with RandomNormalLike and different seeds. ONNX Runtime 1.32.0 (its own optimiser off) and onnx.reference (onnx 1.23.2)
# agree on each model before and after.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 onnxsim==0.8.1 onnxoptimizer==0.4.2 onnxslim==0.1.98 \
    onnx-graphsurgeon==0.6.1 onnxscript==0.7.2 numpy==2.4.6
cd "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" - 2>log <<'P' || { cat log; exit 1; }
import importlib.metadata

import numpy as np
import onnx
import onnx_graphsurgeon
import onnxoptimizer
import onnxruntime
import onnxscript.optimizer
import onnxsim
import onnxslim
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

SHAPE = [1, 1, 64, 64]
for name in "onnx", "onnxruntime", "onnxsim", "onnxoptimizer", "onnxslim", "onnx-graphsurgeon", "onnxscript":
    print(name, importlib.metadata.version(name))
for name in "RandomNormal", "RandomNormalLike":
    print(name, "is marked", onnx.defs.get_schema(name).node_determinism)
    assert "NonDeterministic" in str(onnx.defs.get_schema(name).node_determinism), "the behaviour has changed"


def model(kind):
    """The input plus two noises of the variance 1; the outputs are the sum, and the input plus the first noise."""
    nodes = []
    for i in 1, 2:
        noise = "n%d" % i
        if kind == "RandomNormal":
            nodes.append(helper.make_node("RandomNormal", [], [noise], shape=SHAPE))
        elif kind == "RandomNormalLike of zeros of the input's shape":
            nodes += [helper.make_node("Shape", ["x"], ["s%d" % i]), helper.make_node("ConstantOfShape", ["s%d" % i], ["c%d" % i]),
                      helper.make_node("RandomNormalLike", ["c%d" % i], [noise])]
        else:
            seed = {"seed": float(i)} if kind.endswith("seeds") else {}
            nodes.append(helper.make_node("RandomNormalLike", ["x"], [noise], **seed))
    nodes += [helper.make_node("Add", ["x", "n1"], ["one"]), helper.make_node("Add", ["one", "n2"], ["two"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("two", "one")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def in_runtime(made, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [session.run(["two", "one"], {"x": x}) for _ in range(2)]


def in_reference(made, x):
    session = ReferenceEvaluator(made)
    return [session.run(["two", "one"], {"x": x}) for _ in range(2)]


def judge(made, engine):
    """What becomes of the noises."""
    x = np.zeros(SHAPE, np.float32)
    (two, one), (_, later) = engine(made, x)
    assert list(two.shape) == SHAPE
    likeness = np.corrcoef(one.ravel(), (two - one).ravel())[0, 1]
    again = np.corrcoef(one.ravel(), later.ravel())[0, 1]
    assert abs(one.var() - 1) < 0.15, "the behaviour has changed"
    assert (abs(likeness) < 0.1 and abs(two.var() - 2) < 0.3) or (likeness > 0.999 and abs(two.var() - 4) < 0.6)
    assert abs(again) < 0.1 or again == 1 or np.array_equal(one, later), "the behaviour has changed"
    return two.var(), "merged" if likeness > 0.999 else "drawn once for all" if np.array_equal(one, later) else "right"


def graphsurgeon(made):
    return onnx_graphsurgeon.export_onnx(onnx_graphsurgeon.import_onnx(made).fold_constants().cleanup())


tools = {"nothing": lambda made: made, "onnxsim": lambda made: onnxsim.simplify(made)[0], "onnxoptimizer": onnxoptimizer.optimize,
         "onnxslim": onnxslim.slim, "graphsurgeon": graphsurgeon, "onnxscript": onnxscript.optimizer.optimize}
once = "drawn once for all"
for kind, seen in [
    ("RandomNormal", ["right", "merged", "merged", once, once, "right"]),
    ("RandomNormalLike of zeros of the input's shape", ["right", "merged", "merged", once, once, "right"]),
    ("RandomNormalLike of the input", ["right", "merged", "merged", "merged", "right", "right"]),
    ("RandomNormalLike of the input, different seeds", ["right"] * 6),
]:
    print("two %s:" % kind)
    for (name, tool), wanted in zip(tools.items(), seen):
        made = tool(model(kind))
        onnx.checker.check_model(made, full_check=True)
        variance, found = judge(made, in_runtime)
        print("  after %-13s variance of the sum %.2f, %s" % (name, variance, found))
        assert found == wanted, "the behaviour has changed"
        # onnx.reference repeats the numbers of a node with a seed, which the definition allows.
        if not kind.endswith("seeds"):
            assert judge(made, in_reference)[1] == wanted, "the behaviour has changed"
P
if grep -iE 'random|seed|determin' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
