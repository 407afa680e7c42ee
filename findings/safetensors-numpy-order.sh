#!/bin/sh
# safetensors.numpy writes arrays that are not in C order with their elements shuffled.
#
# Who meets it: whoever brings weights into PyTorch's layouts with NumPy: kernels of Keras or JAX are [height, width, in, out],
# and np.transpose makes [out, in, height, width] of them without moving a byte.
# Guess before the run: the file holds the array as it is indexed, as np.save and safetensors 0.7.0 write it.
# Seen (safetensors 0.8.0): names, types and shapes are right, and the elements stand in the order of memory. Nothing warns.
# (safetensors.torch raises ValueError for such a tensor; not run here.) The docstring asks for contiguous and dense tensors; in
# NumPy's words an array in Fortran order is both. Known: https://github.com/safetensors/safetensors/issues/825, open.
# Why: since 0.8.0 the address of the array is handed over, with its shape and without its strides.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/old"
python3 -m venv "$folder/new"
"$folder/old/bin/pip" install --quiet safetensors==0.7.0 numpy==2.4.6
"$folder/new/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cat > "$folder/see.py" <<'P'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load, save

kernel = np.arange(3 * 3 * 4 * 5, dtype=np.float32).reshape(3, 3, 4, 5)
for name, array in [
    ("as it is", kernel),
    ("transposed", kernel.transpose(3, 2, 0, 1)),
    ("in Fortran order", np.asfortranarray(kernel)),
    ("transposed and copied", np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))),
]:
    found = load(save({"weight": array}))["weight"]
    right = bool((found == array).all())
    print("safetensors %s, %s: shape %s, %d of %d elements right" % (
        safetensors.__version__, name, found.shape, (found == array).sum(), array.size))
    assert found.shape == array.shape and found.dtype == array.dtype, "the behaviour has changed"
    shuffled = sys.argv[1] == "new" and not array.flags.c_contiguous
    assert right != shuffled, "the behaviour has changed"
    if shuffled:
        assert (found.ravel() == array.ravel("K")).all(), "the behaviour has changed"
P
"$folder/old/bin/python" "$folder/see.py" old
"$folder/new/bin/python" "$folder/see.py" new
echo "as described"
