"""The digest of a checkpoint's data, as Sources/Storage/DataDigest.swift describes it, in plain Python.

    python3 digest.py                      the values that DataDigestTests expects
    python3 digest.py FILE.safetensors     checks a file's data against its metadata
"""
import json
import struct
import sys

P, B, M = 0x9E3779B97F4A7C15, 0xCBF29CE484222325, (1 << 64) - 1


def step(h, w):
    x = ((h ^ w) * P) & M
    return x ^ (x >> 29)


def block_digest(block):
    padded = block + bytes(-len(block) % 64)
    lanes = [B + i for i in range(8)]
    for n, (word,) in enumerate(struct.iter_unpack("<Q", padded)):
        lanes[n % 8] = step(lanes[n % 8], word)
    h = B
    for lane in lanes:
        h = step(h, lane)
    return step(h, len(block))


def digest(data):
    h = B
    for start in range(0, len(data), 1 << 20):
        h = step(h, block_digest(data[start : start + (1 << 20)]))
    return f"{h:016x}"


if len(sys.argv) > 1:
    content = open(sys.argv[1], "rb").read()
    (length,) = struct.unpack("<Q", content[:8])
    expected = json.loads(content[8 : 8 + length])["__metadata__"]["catgan.digest"]
    found = digest(content[8 + length :])
    print(found, "as written" if found == expected else f"but {expected} was written")
    sys.exit(found != expected)
for count in [0, 1, 63, 64, 1000, 1 << 20, 5_000_003]:
    print(count, digest(bytes((i * 7 + (i >> 8)) & 255 for i in range(count))))
