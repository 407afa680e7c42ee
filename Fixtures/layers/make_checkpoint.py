"""A checkpoint whose description has the kinds of layers that no preset has."""
import json

import numpy


def write_checkpoint(path):
    """z of 12 numbers to pictures of 16x16, with random weights."""
    random = numpy.random.default_rng(3)
    shapes = {
        "first.weight": (128, 12), "first.bias": (128,), "block.body.conv.weight": (8, 8, 3, 3),
        "block.body.conv.bias": (8,), "up.weight": (24, 6, 3, 4), "up.bias": (6,), "picture.weight": (3, 6, 1, 5),
        "picture.bias": (3,),
        **{f"block.body.norm.{name}": (8,) for name in ["weight", "bias", "running_mean", "running_var"]}}
    header, content = {}, b""
    for name, shape in shapes.items():
        values = random.uniform(-0.5, 0.5, shape) + (1 if "norm.weight" in name or "running_var" in name else 0)
        data = values.astype("<f4").tobytes()
        header["generator." + name] = {
            "dtype": "F32", "shape": shape, "data_offsets": [len(content), len(content) + len(data)]}
        content += data
    pool = {"kernel": [3, 3], "stride": 1, "padding": 1}
    layers = [
        {"layer": "dense", "name": "first", "channels": 128}, {"layer": "reshape", "sizes": [4, 4, 8]},
        {"layer": "residual", "name": "block", "branches": [
            {"layer": "sequential", "name": "body", "layers": [
                {"layer": "batchNorm", "name": "norm"}, {"layer": "silu"},
                {"layer": "convolution", "name": "conv", "channels": 8, "kernel": [3, 3], "stride": 1},
                {"layer": "dropout", "rate": 0.5}]},
            {"layer": "identity"}]},
        {"layer": "concatenate", "branches": [
            {"layer": "maxPool", **pool}, {"layer": "averagePool", **pool, "countsPadding": False},
            {"layer": "sequential", "layers": [
                {"layer": "globalAveragePool"}, {"layer": "flatten"}, {"layer": "gelu"},
                {"layer": "upsample", "factor": 4}]}]},
        {"layer": "transposedConvolution", "name": "up", "channels": 6, "kernel": [3, 4], "stride": 2, "padding": 1,
         "outputPadding": [1, 0]},
        {"layer": "upsample", "factor": 2}, {"layer": "leakyReLU", "slope": 0.1},
        {"layer": "convolution", "name": "picture", "channels": 3, "kernel": [1, 5], "stride": 1}, {"layer": "tanh"}]
    header["__metadata__"] = {"catgan.config": json.dumps(
        {"preset": "own", "zDistribution": "normal", "generator": {"input": [1, 1, 12], "layers": layers}})}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
