"""SplitMix64 and the draws that the program makes of it, as Sources/Random/RandomGenerator.swift describes them, for the
scripts that make fixtures. Python's own integers and math alone."""
import math

MASK = 2 ** 64 - 1


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def unit(self):
        """In [0, 1), in steps of 2^-53."""
        return (self.next() >> 11) * 2.0 ** -53

    def uniform(self, low, high):
        """In [low, high), in 2^24 steps."""
        return low + (high - low) * (self.next() >> 40) * 2.0 ** -24

    def normal(self):
        """Box and Muller's, the first of a pair."""
        u1 = self.unit()
        u2 = self.unit()
        return math.sqrt(-2 * math.log(1 - u1)) * math.cos(2 * math.pi * u2)

    def index(self, bound):
        # The draws that the program rejects to be without bias have a chance of 2^-57 here.
        return self.next() % bound
