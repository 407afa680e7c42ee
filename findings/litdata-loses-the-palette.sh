#!/bin/sh
# litdata stores a palette picture without its palette: sprites and GIFs come back black, in mode P, without a word.
#
# Who meets it: whoever packs pixel art, sprites or GIFs, or PNGs made small by pngquant, with litdata.optimize() for
# training, and converts them to RGB when they are read, as nearly every data loader does.
# Guess before the run: what comes back is the picture that went in, or an error: a Pillow picture that is stored has its
# palette.
# Seen (litdata 0.2.76, Pillow 13.0.0): its serializer for Pillow pictures stores width, height, mode and the numbers of the
# pixels. Of mode P those numbers mean nothing without the palette. The picture comes back with its size, its mode and its
# numbers, and with a palette of no colours: convert("RGB") makes every pixel black, whatever it was. The transparent index is
# lost, too. RGB, RGBA, L, LA and 1 come back as they were. Nothing warns, neither where it is stored nor where it is read.
# (MosaicML streaming 0.13.0, tried once by hand, does the same with its encoding "pil".)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet litdata==0.2.76 torch==2.13.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'P'
import os

import litdata
import numpy as np
from PIL import Image

FOLDER = os.getcwd()
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)
INDICES = np.arange(64).reshape(8, 8) // 3 % 4
DRAWN = COLOURS[INDICES]


def opened(name):
    """What litdata.optimize() is to store: the picture as Pillow opens it."""
    return {"name": name, "image": Image.open(os.path.join(FOLDER, "files", name))}


def main():
    os.mkdir("files")
    sprite = Image.fromarray(INDICES.astype(np.uint8), "L")
    sprite.putpalette(COLOURS.tobytes())
    sprite.save("files/sprite.png")
    sprite.save("files/sprite.gif")
    sprite.save("files/transparent.png", transparency=0)
    full = Image.fromarray(DRAWN)
    for mode in "RGB", "RGBA", "L", "LA", "1":
        full.convert(mode).save("files/%s.png" % mode)
    names = sorted(os.listdir("files"))

    litdata.optimize(opened, names, os.path.join(FOLDER, "optimized"), num_workers=1, chunk_size=10)
    stored = {row["name"]: row["image"] for row in litdata.StreamingDataset(os.path.join(FOLDER, "optimized"))}
    assert sorted(stored) == names
    for name in names:
        before, after = opened(name)["image"], stored[name]
        assert before.size == after.size and before.mode == after.mode, "the behaviour has changed"
        assert np.array_equal(np.asarray(before), np.asarray(after)), "the behaviour has changed"
        rgb = np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB"))
        print("%-16s %-4s %s" % (name, before.mode, "as it was" if np.array_equal(*rgb) else "the colours' means %s became %s"
                                 % tuple(pixels.mean((0, 1)).round().astype(int).tolist() for pixels in rgb)))
        if before.mode == "P":
            assert np.array_equal(rgb[0], DRAWN)
            assert not rgb[1].any(), "the behaviour has changed"
        else:
            assert np.array_equal(*rgb), "the behaviour has changed"
        if name == "transparent.png":
            alphas = [np.asarray(picture.convert("RGBA"))[..., 3].min() for picture in (before, after)]
            print("%-16s the least alpha %d became %d" % (name, *alphas))
            assert alphas == [0, 255], "the behaviour has changed"
    assert sum(picture.mode == "P" for picture in stored.values()) == 3, "the behaviour has changed"


if __name__ == "__main__":
    main()
P
HOME="$folder" OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error::UserWarning run.py 2>log || { cat log; exit 1; }
if grep -i palette log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
