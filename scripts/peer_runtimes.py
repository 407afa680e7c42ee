"""Times sampling in ONNX Runtime or OpenVINO, fp32, and prints Google Benchmark's JSON.

Run by scripts/compare-peers. The generator is peer_pytorch's, exported for each number of images with fixed shapes, batch norm
folded by the runtime: how somebody who cares for speed deploys it.
"""
import argparse
import io
import json
import os
import re
import sys
import time
import warnings

import numpy
import torch

from peer_pytorch import Generator, row, timed


def onnxruntime_session(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda z: session.run(None, {"z": z})


def openvino_session(model, threads):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    return lambda z: request.infer({"z": z})


RUNTIMES = {"onnxruntime": ("ONNX Runtime", onnxruntime_session), "openvino": ("OpenVINO", openvino_session)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True, choices=RUNTIMES)
    parser.add_argument("--preset", default="cats128", choices=("cats64", "cats128"))
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--images", default="1,16,64")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--filter", default="")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--min-time", type=float, default=0.3)
    a = parser.parse_args()
    label, build = RUNTIMES[a.runtime]
    torch.manual_seed(0)
    generator = Generator(64 if a.preset == "cats64" else 128, a.width).eval()
    rows = []
    for n in map(int, a.images.split(",")):
        name = f"sample/{a.preset}/w{a.width}/n{n}/native/t{a.threads}"
        if not re.search(a.filter, name):
            continue
        print(f"{label}: {name}", file=sys.stderr)
        z = torch.rand(n, 100) * 2 - 1
        model = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(generator, (z,), model, input_names=["z"], dynamo=False)
        session = build(model.getvalue(), a.threads)
        z = z.numpy()
        with torch.no_grad():
            expected = generator(torch.from_numpy(z)).numpy()
        result = session(z)
        found = result[0]
        error = float(numpy.abs(numpy.asarray(found) - expected).max())
        if error > 1e-3:
            sys.exit(f"peer_runtimes: {label} draws other pictures than PyTorch: {error}")
        samples, count = timed(lambda: session(z), a.repetitions, a.min_time)
        rows.append(row(name, label, samples, count, images=n))
    module = __import__(a.runtime)
    context = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "executable": f"{label} {module.__version__.split('-')[0]}",
        "num_cpus": os.cpu_count(), "threads": a.threads, "library_build_type": "release", "json_schema_version": 1,
    }
    json.dump({"context": context, "benchmarks": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
