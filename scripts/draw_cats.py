#!/usr/bin/env python3
"""Draws the cat faces of Fixtures/drawn-cats: something to train on in a fresh clone, with nothing downloaded.

Every picture follows from the seed and its number alone, so a set can be extended without changing its beginning.
Drawn at eight times the size and reduced, which is all the antialiasing there is. Needs Pillow.

    draw_cats.py [--count 600] [--seed 1] [--size 64] [--out Fixtures/drawn-cats] [--sheet sheet.png]
"""

import argparse
import math
import random
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

OVERSAMPLING = 8

# Fur: base, marking, light parts (muzzle, chest); all RGB.
FURS = {
    "ginger": ((226, 150, 78), (176, 94, 36), (250, 222, 186)),
    "cream": ((240, 214, 178), (206, 164, 116), (253, 244, 230)),
    "grey": ((146, 150, 158), (86, 90, 100), (206, 208, 212)),
    "blue": ((116, 126, 144), (84, 92, 110), (140, 150, 168)),
    "brown": ((158, 122, 86), (78, 54, 36), (222, 198, 166)),
    "silver": ((190, 192, 194), (92, 94, 98), (236, 236, 236)),
    "black": ((52, 48, 50), (34, 32, 34), (84, 78, 80)),
    "white": ((240, 238, 234), (214, 208, 200), (252, 251, 249)),
}
EYES = [(150, 190, 70), (205, 170, 40), (216, 130, 30), (84, 160, 190), (96, 170, 120), (180, 200, 110)]
BACKGROUNDS = [
    (188, 206, 222), (232, 212, 190), (120, 150, 128), (206, 186, 204), (96, 108, 130), (226, 226, 216), (170, 132, 104),
    (142, 176, 176),
]


def mix(a, b, t):
    return tuple(round(x + (y - x) * t) for x, y in zip(a, b))


class Cat:
    """One face. Lengths are in units of the head's half width, y down, the origin between nose and eyes."""

    def __init__(self, rng, size):
        self.rng = rng
        self.size = size * OVERSAMPLING
        self.scale = self.size * rng.uniform(0.325, 0.385)
        self.tilt = rng.gauss(0, 0.09)
        self.turn = max(-0.22, min(0.22, rng.gauss(0, 0.09)))
        self.nod = rng.gauss(0, 0.035)
        self.centre = (self.size * rng.uniform(0.475, 0.525), self.size * rng.uniform(0.535, 0.575))
        self.choose_coat()
        self.choose_face()

    def choose_coat(self):
        rng = self.rng
        self.marking = rng.choices(
            ["tabby", "solid", "patches", "tuxedo", "points"], weights=[38, 14, 18, 18, 12])[0]
        if self.marking == "tabby":
            name = rng.choice(["ginger", "grey", "brown", "silver", "cream", "ginger", "brown"])
        elif self.marking == "solid":
            name = rng.choice(["black", "white", "blue", "ginger", "cream", "grey"])
        elif self.marking == "patches":
            name = "white"
        elif self.marking == "tuxedo":
            name = rng.choice(["black", "grey", "ginger", "blue", "brown"])
        else:
            name = rng.choice(["cream", "white"])
        brighter = rng.gauss(0, 8)
        shift = [brighter + rng.gauss(0, 3) for _ in range(3)]
        self.base, self.dark, self.light = (
            tuple(max(8, min(253, round(c + s))) for c, s in zip(colour, shift)) for colour in FURS[name])
        if self.marking == "points":
            self.dark = mix((74, 52, 42), (112, 100, 104), rng.random())
        if self.marking == "tuxedo":
            self.light = (247, 244, 240)

    def choose_face(self):
        rng = self.rng
        self.iris = rng.choice(EYES)
        if self.marking == "points":
            self.iris = (92, 160, 214)
        self.open = rng.choices([rng.uniform(0.75, 1.0), rng.uniform(0.45, 0.75), 0.0], weights=[72, 25, 3])[0]
        self.pupil = rng.uniform(0.25, 0.75)
        self.eye_width = rng.uniform(0.235, 0.285)
        self.eye_x = rng.uniform(0.40, 0.46)
        self.eye_y = rng.uniform(-0.16, -0.08)
        self.ear_height = rng.uniform(0.62, 0.88)
        self.ear_lean = rng.uniform(-0.05, 0.16)
        self.ear_round = rng.uniform(0.02, 0.12)
        self.roundness = rng.uniform(0.84, 0.93)
        self.nose = rng.choice([(222, 140, 138), (206, 120, 116), (92, 66, 64)])
        if self.marking in ("points", "solid") and sum(self.base) < 400 or self.marking == "points":
            self.nose = mix(self.dark, (60, 40, 40), 0.5)

    # Geometry

    def at(self, x, y, depth=0.0):
        """Where a point of the face is in the picture; `depth` says how far it moves when the head turns or nods."""
        x, y = x + depth * self.turn, y + depth * self.nod
        c, s = math.cos(self.tilt), math.sin(self.tilt)
        return (self.centre[0] + self.scale * (c * x - s * y), self.centre[1] + self.scale * (s * x + c * y))

    def path(self, points, depth=0.0):
        return [self.at(x, y, depth) for x, y in points]

    def oval(self, x, y, rx, ry, depth=0.0, angle=0.0, steps=48):
        c, s = math.cos(angle), math.sin(angle)
        return self.path(
            [(x + c * rx * math.cos(t) - s * ry * math.sin(t), y + s * rx * math.cos(t) + c * ry * math.sin(t))
             for t in (2 * math.pi * i / steps for i in range(steps))], depth)

    def curve(self, points, depth=0.0, steps=24):
        """A quadratic Bezier through the first and last of three points, bent towards the middle one."""
        (ax, ay), (bx, by), (cx, cy) = points
        return self.path(
            [((1 - t) ** 2 * ax + 2 * t * (1 - t) * bx + t * t * cx, (1 - t) ** 2 * ay + 2 * t * (1 - t) * by + t * t * cy)
             for t in (i / steps for i in range(steps + 1))], depth)

    # Layers

    def mask(self, *polygons, blur=0.0):
        mask = Image.new("L", (self.size, self.size), 0)
        draw = ImageDraw.Draw(mask)
        for polygon in polygons:
            draw.polygon(polygon, fill=255)
        return mask.filter(ImageFilter.GaussianBlur(blur * self.scale)) if blur else mask

    def paint(self, colour, mask, strength=1.0, within=None):
        if within is not None:
            mask = ImageChops.multiply(mask, within)
        if strength < 1:
            mask = mask.point(lambda v: round(v * strength))
        self.picture.paste(tuple(colour), (0, 0), mask)

    def stroke(self, colour, points, width):
        """A line that tapers towards its end."""
        draw = ImageDraw.Draw(self.picture)
        count = len(points) - 1
        for i in range(count):
            draw.line(points[i:i + 2], fill=colour, width=max(1, round(width * self.scale * (1 - 0.8 * i / count))))

    def draw(self):
        self.picture = Image.new("RGB", (self.size, self.size))
        self.draw_background()
        self.draw_body()
        head = self.head_outline()
        ears = [self.ear_outline(side) for side in (-1, 1)]
        self.head = self.mask(head)
        self.fur = ImageChops.lighter(self.head, self.mask(*ears))
        self.draw_ears(ears)
        self.draw_head(head)
        getattr(self, "mark_" + self.marking)()
        self.draw_fur()
        self.draw_muzzle()
        for side in (-1, 1):
            self.draw_eye(side)
        self.draw_whiskers()
        return self.picture

    def draw_background(self):
        rng = self.rng
        one = mix(rng.choice(BACKGROUNDS), rng.choice(BACKGROUNDS), rng.uniform(0, 0.5))
        two = mix(one, rng.choice([(30, 30, 40), (255, 250, 240)]), rng.uniform(0.1, 0.4))
        slope = Image.linear_gradient("L").rotate(rng.uniform(0, 360), Image.Resampling.BILINEAR)
        slope = slope.crop((40, 40, 216, 216)).resize((self.size, self.size))
        self.picture.paste(Image.composite(Image.new("RGB", slope.size, one), Image.new("RGB", slope.size, two), slope))
        if rng.random() < 0.4:
            for _ in range(rng.randint(2, 5)):
                x, y, r = rng.uniform(0, self.size), rng.uniform(0, self.size), rng.uniform(0.05, 0.16) * self.size
                spot = Image.new("L", (self.size, self.size), 0)
                ImageDraw.Draw(spot).ellipse((x - r, y - r, x + r, y + r), fill=110)
                self.paint(
                    mix(one, rng.choice(BACKGROUNDS), 0.6), spot.filter(ImageFilter.GaussianBlur(0.15 * self.scale)))

    def draw_body(self):
        colour = mix(self.base, (30, 26, 30), 0.22)
        self.paint(colour, self.mask(self.oval(-0.4 * self.turn, 1.55, 1.25, 1.05), blur=0.03))
        if self.marking in ("tuxedo", "patches", "tabby"):
            self.paint(mix(self.light, (60, 56, 60), 0.15), self.mask(self.oval(0, 1.35, 0.42, 0.6), blur=0.07))

    def head_outline(self):
        """A wide superellipse with tufts on the cheeks."""
        points = []
        for i in range(96):
            t = 2 * math.pi * i / 96
            x = math.copysign(abs(math.cos(t)) ** 0.9, math.cos(t))
            y = math.copysign(abs(math.sin(t)) ** 0.95, math.sin(t)) * self.roundness
            if y > 0:
                x *= 1 - 0.16 * y * y
            if 0.08 < t < 0.85 or math.pi - 0.85 < t < math.pi - 0.08:
                grow = 1 + 0.07 * (i % 5 == 2)
                x, y = x * grow, y * grow
            points.append((x, y))
        return self.path(points)

    def ear_outline(self, side, inset=0.0):
        top = (side * (0.72 + self.ear_lean), -0.55 - self.ear_height + inset * 1.5)
        inner = (side * (0.18 + inset), -0.62)
        outer = (side * (0.94 - inset * 0.8), -0.16 - inset)
        bend = self.ear_round
        return (
            self.curve([inner, (side * (0.38 + inset * 0.4 - bend), -1.05 + inset * 0.5), top], -0.25)
            + self.curve([top, (side * (0.99 + bend - inset), -0.85), outer], -0.25))

    def draw_ears(self, ears):
        colour = self.dark if self.marking == "points" else mix(self.base, self.dark, 0.25)
        for side, ear in zip((-1, 1), ears):
            self.paint(colour, self.mask(ear))
            inside = mix((226, 160, 150), self.dark, 0.5 if self.marking == "points" or sum(self.base) < 240 else 0.18)
            self.paint(inside, self.mask(self.ear_outline(side, 0.12), blur=0.03), 0.9)
            for k in range(4):
                x = 0.42 + 0.09 * k
                self.stroke(
                    mix(self.light, self.base, 0.3),
                    self.curve([(side * (x - 0.06), -0.6), (side * x, -0.78), (side * (x + 0.1), -0.98)], -0.2), 0.045)

    def draw_head(self, head):
        self.paint(self.base, self.head)
        self.paint(mix(self.base, (255, 250, 240), 0.35), self.mask(self.oval(0, -0.3, 0.6, 0.4), blur=0.2), 0.55, self.head)
        rim = ImageChops.subtract(self.head, self.mask(self.oval(0, -0.05, 0.86, 0.74), blur=0.14))
        self.paint(mix(self.base, (36, 28, 34), 0.5), rim, 0.55, self.head)

    def mark_solid(self):
        pass

    def mark_tabby(self):
        self.paint(self.light, self.mask(*(self.oval(s * 0.42, -0.1, 0.36, 0.27, 0.1) for s in (-1, 1)), blur=0.08), 0.5, self.head)
        strength = self.rng.uniform(0.65, 0.95)
        stripes = []
        for side in (-1, 1):
            for x, top, bottom, width in ((0.10, -0.84, -0.40, 0.055), (0.30, -0.80, -0.42, 0.06), (0.5, -0.7, -0.44, 0.05)):
                jitter = self.rng.gauss(0, 0.015)
                stripes.append(self.path(
                    [(side * (x * 1.2 + jitter - width), top), (side * (x * 1.2 + jitter + width), top),
                     (side * (x * 0.75 + jitter), bottom)], 0.1))
            for k in range(self.rng.choice([2, 3, 3])):
                y = 0.02 + 0.2 * k
                stripes.append(self.path(
                    [(side * 1.12, y - 0.05), (side * 1.12, y + 0.06), (side * (0.62 + 0.04 * k), y + 0.1)], 0.05))
            stripes.append(self.path(
                [(side * 0.58, -0.12), (side * 1.05, -0.3), (side * 1.05, -0.2)], 0.08))
        self.paint(self.dark, self.mask(*stripes, blur=0.015), strength, self.head)

    def mark_patches(self):
        rng = self.rng
        colours = rng.choice([((222, 142, 66), (54, 46, 46)), ((60, 54, 56),) * 2, ((214, 138, 70),) * 2, ((130, 134, 144),) * 2])
        for side, colour in zip(rng.sample((-1, 1), 2), colours):
            if rng.random() < 0.9:
                patch = self.oval(
                    side * rng.uniform(0.52, 0.72), rng.uniform(-0.62, -0.35), rng.uniform(0.38, 0.55),
                    rng.uniform(0.48, 0.72), 0, side * rng.uniform(-0.3, 0.5))
                self.paint(colour, self.mask(patch, self.ear_outline(side), blur=0.02), 0.95, self.fur)
                ear = self.mask(self.ear_outline(side, 0.13), blur=0.03)
                self.paint(mix((222, 150, 142), colour, 0.3), ear, 0.9, ImageChops.subtract(self.fur, self.head))

    def mark_tuxedo(self):
        width = self.rng.uniform(0.05, 0.2)
        top = self.rng.uniform(-0.75, -0.25)
        blaze = self.path(
            [(0, top), (width, -0.1), (0.3, 0.2), (0.62, 0.5), (0.5, 1.0), (-0.5, 1.0), (-0.62, 0.5), (-0.3, 0.2),
             (-width, -0.1)], 0.15)
        self.paint(self.light, self.mask(blaze, blur=0.03), 1, self.head)

    def mark_points(self):
        face = self.mask(self.oval(0, 0.22, 0.5, 0.5, 0.2), self.oval(0, -0.1, 0.52, 0.3, 0.2), blur=0.14)
        self.paint(self.dark, face, 0.88, self.head)

    def draw_fur(self):
        """Short hairs that run away from the nose, a little lighter or darker than what they lie on."""
        rng = self.rng
        hairs = Image.new("L", (self.size, self.size), 128)
        draw = ImageDraw.Draw(hairs)
        for _ in range(700):
            angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 1.1)
            length = rng.uniform(0.06, 0.13)
            c, s = math.cos(angle), math.sin(angle) * 0.9
            ends = self.path([(c * distance, s * distance), (c * (distance + length), s * (distance + length))])
            draw.line(ends, fill=128 + rng.choice([-1, 1]) * rng.randint(20, 70), width=max(1, round(0.018 * self.scale)))
        light = hairs.point(lambda v: max(0, v - 128) * 2)
        shade = hairs.point(lambda v: max(0, 128 - v) * 2)
        self.paint((255, 250, 244), light, 0.3, self.fur)
        self.paint((20, 16, 20), shade, 0.3, self.fur)

    def draw_muzzle(self):
        light = self.light if self.marking != "points" else mix(self.dark, self.light, 0.35)
        pads = [self.oval(s * 0.155, 0.43, 0.215, 0.17, 0.45) for s in (-1, 1)]
        chin = self.oval(0, 0.6, 0.17, 0.12, 0.4)
        self.paint(light, self.mask(*pads, chin, blur=0.045), 0.92, self.head)
        self.paint(mix(self.base, light, 0.5), self.mask(self.oval(0, 0.02, 0.085, 0.26, 0.4), blur=0.06), 0.5, self.head)
        line = mix(self.dark, (50, 30, 34), 0.6)
        draw = ImageDraw.Draw(self.picture)
        nose = self.path([(-0.125, 0.225), (0.125, 0.225), (0.05, 0.32), (0, 0.345), (-0.05, 0.32)], 0.55)
        self.paint(self.nose, self.mask(nose, blur=0.012))
        self.paint(mix(self.nose, (255, 255, 255), 0.5), self.mask(self.oval(-0.02, 0.25, 0.05, 0.014, 0.55)), 0.6)
        width = max(1, round(0.03 * self.scale))
        draw.line(self.path([(0, 0.34), (0, 0.42)], 0.55), fill=line, width=width)
        for side in (-1, 1):
            mouth = self.curve([(0, 0.42), (side * 0.1, 0.55), (side * 0.25, 0.47)], 0.5)
            draw.line(mouth, fill=line, width=width, joint="curve")
            for x, y in ((0.13, 0.4), (0.2, 0.42), (0.17, 0.47)):
                self.paint(line, self.mask(self.oval(side * x, y, 0.014, 0.014, 0.45)), 0.7)

    def draw_eye(self, side):
        x, y, width = side * self.eye_x, self.eye_y, self.eye_width
        rim = mix(self.dark, (24, 18, 20), 0.75)
        slant = -side * 0.18
        if self.open == 0:
            lid = self.curve([(x - width * 0.9, y), (x, y + 0.17), (x + width * 0.9, y)], 0.3)
            ImageDraw.Draw(self.picture).line(lid, fill=rim, width=round(0.05 * self.scale), joint="curve")
            return
        height = width * (0.5 + 0.45 * self.open)
        around = self.mask(self.oval(x, y, width * 1.15, height * 1.17, 0.3, slant), blur=0.008)
        self.paint(rim, around, 0.95)
        opening = self.mask(self.oval(x, y, width, height, 0.3, slant))
        self.paint(self.iris, opening)
        self.paint(mix(self.iris, (30, 40, 20), 0.45), ImageChops.subtract(
            opening, self.mask(self.oval(x, y + 0.04, width * 0.72, height * 0.8, 0.3), blur=0.05)), 0.7)
        self.paint(mix(self.iris, (255, 255, 210), 0.45), self.mask(self.oval(x, y + 0.07, width * 0.5, height * 0.4, 0.3), blur=0.05), 0.7, opening)
        pupil = self.oval(x, y, width * (0.16 + 0.5 * self.pupil), height * 0.86, 0.34)
        self.paint((14, 12, 16), self.mask(pupil, blur=0.008), 1, opening)
        self.paint((20, 16, 18), self.mask(self.oval(x, y - height * 1.05, width, height * 0.45, 0.3), blur=0.04), 0.5, opening)
        self.paint((255, 255, 255), self.mask(self.oval(x - 0.07, y - height * 0.38, 0.056, 0.056, 0.34)))
        self.paint((255, 255, 255), self.mask(self.oval(x + 0.06, y + height * 0.35, 0.025, 0.025, 0.34)), 0.7)

    def draw_whiskers(self):
        if self.rng.random() < 0.12:
            return
        colour = (246, 244, 240) if sum(self.base) < 560 else (120, 110, 106)
        length = self.rng.uniform(0.75, 1.0)
        for side in (-1, 1):
            for k in range(3):
                rise = -0.16 + 0.17 * k + self.rng.gauss(0, 0.03)
                whisker = self.curve(
                    [(side * 0.24, 0.4 + 0.04 * k), (side * 0.7, 0.36 + rise * 0.5), (side * (0.3 + length), 0.46 + rise)], 0.45)
                self.stroke(colour, whisker, 0.024)


def draw(seed, number, size):
    """One picture; `number` and `seed` determine it."""
    rng = random.Random(f"cat {seed} {number}")
    return Cat(rng, size).draw().resize((size, size), Image.Resampling.LANCZOS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "Fixtures" / "drawn-cats")
    parser.add_argument("--sheet", type=Path, help="write the first hundred as one picture to look at, and no files")
    options = parser.parse_args()
    if options.sheet:
        count = min(options.count, 100)
        sheet = Image.new("RGB", (10 * options.size, -(-count // 10) * options.size))
        for number in range(count):
            sheet.paste(
                draw(options.seed, number, options.size),
                (number % 10 * options.size, number // 10 * options.size))
        sheet.save(options.sheet)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for number in range(options.count):
        draw(options.seed, number, options.size).save(options.out / f"cat{number:04d}.jpg", quality=90)


if __name__ == "__main__":
    main()
