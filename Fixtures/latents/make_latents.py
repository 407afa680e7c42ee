#!/usr/bin/env python3
"""Expected z for a few seeds, from the formulas in Sources/Generation/Latent.swift alone (Python's own integers and math).

Writes latents.txt beside itself. One line each: distribution seed component..., components as the bit patterns of
32-bit floats in hexadecimal, so that nothing is lost in decimal digits.
"""
import math
import pathlib
import struct

MASK = (1 << 64) - 1
SEEDS = [0, 1, 2, 42, 123456789, (1 << 64) - 1]
DIMENSION = 7


def draws(seed):
    """The top 24 bits of each output of SplitMix64."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        yield (mixed ^ (mixed >> 31)) >> 40


def uniform(seed, dimension):
    source = draws(seed)
    return [next(source) / 2.0**23 - 1 for _ in range(dimension)]


def normal(seed, dimension):
    source = draws(seed)
    z = []
    while len(z) < dimension:
        first, second = next(source), next(source)
        radius = math.sqrt(-2 * math.log((first + 1) / 2.0**24))
        angle = 2 * math.pi * (second / 2.0**24)
        z += [radius * math.cos(angle), radius * math.sin(angle)]
    return z[:dimension]


def main():
    lines = []
    for name, function in (("uniform", uniform), ("normal", normal)):
        for seed in SEEDS:
            bits = [struct.pack(">f", value).hex() for value in function(seed, DIMENSION)]
            lines.append(" ".join([name, str(seed)] + bits))
    pathlib.Path(__file__).with_name("latents.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
