#!/bin/sh
# Hugging Face datasets and litdata store a picture's file as it was, not the picture: what Pillow did to it in place is lost.
#
# Who meets it: whoever makes a training set smaller with Pillow's thumbnail(), or draws something over a watermark, in map()
# or before Dataset.from_dict(), or in the function of litdata.optimize(), and trains on what comes out.
# Guess before the run: what is stored is the picture that was handed over: 64x64, black where it was painted black.
# Seen (datasets 5.2.0, Pillow 13.0.0; litdata 0.2.76): thumbnail() and ImageDraw change the picture itself, but it keeps its
# filename, and both libraries store the file of that name instead. map() runs, says nothing, and changes nothing: the same
# size and the same pixels, also in what to_parquet() or save_to_disk() writes. The same map() over the same pictures held as
# bytes, where they have no filename, does work, and so does resize(), which returns a new picture. litdata does so with
# JPEGs, and not with PNGs. Nothing warns. (MosaicML streaming 0.13.0, tried once by hand, does as litdata;
# mosaicml/streaming#142 tells why: so as not to compress a JPEG twice.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet datasets==5.2.0 litdata==0.2.76 torch==2.13.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'P'
import io
import os

import litdata
import numpy as np
from datasets import Dataset, disable_progress_bars, load_from_disk
from litdata.streaming.serializers import JPEGSerializer
from PIL import Image, ImageDraw

FOLDER = os.getcwd()


def picture(name):
    return Image.open(os.path.join(FOLDER, "files", name))


def shrink(row):
    row["image"].thumbnail((64, 64))
    assert row["image"].size == (64, 64)
    return row


def paint(row):
    ImageDraw.Draw(row["image"]).rectangle((0, 0, 127, 127), fill=(0, 0, 0))
    assert not np.asarray(row["image"]).any()
    return row


def copy(row):
    row["image"] = row["image"].resize((64, 64))
    return row


def chosen(name):
    """What litdata.optimize() stores of one picture."""
    return shrink({"image": picture(name)})


class Opened(JPEGSerializer):
    """Reads what was stored with Pillow, whatever else is installed."""

    def deserialize(self, data):
        return Image.open(io.BytesIO(bytes(data)))


def sizes(dataset):
    return [row["image"].size for row in dataset]


def main():
    disable_progress_bars()
    os.mkdir("files")
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)).resize((128, 128))
    names = ["p.png", "p.jpg"]
    for name in names:
        drawn.save(os.path.join("files", name))
    as_was = [np.asarray(picture(name)) for name in names]
    assert all(pixels.any() for pixels in as_was)

    # Pictures from a folder: what is done in place is lost.
    of_files = Dataset.from_dict({"image": [picture(name) for name in names]})
    small, black = of_files.map(shrink), of_files.map(paint)
    print("datasets, files: thumbnail() in map() leaves", sizes(small), "- painting black leaves a mean of",
          [round(float(np.asarray(row["image"]).mean())) for row in black])
    assert sizes(small) == [(128, 128)] * 2, "the behaviour has changed"
    for row, pixels in zip(black, as_was):
        assert np.array_equal(np.asarray(row["image"]), pixels), "the behaviour has changed"
    before = Dataset.from_dict({"image": [shrink({"image": picture(name)})["image"] for name in names]})
    print("datasets, files: thumbnail() before from_dict() leaves", sizes(before))
    assert sizes(before) == [(128, 128)] * 2, "the behaviour has changed"

    # It is lost in what is written for others, too.
    small.to_parquet("small.parquet")
    assert sizes(Dataset.from_parquet("small.parquet", cache_dir="cache")) == [(128, 128)] * 2, "the behaviour has changed"
    small.save_to_disk("small")
    assert sizes(load_from_disk("small")) == [(128, 128)] * 2, "the behaviour has changed"

    # A new picture is stored, and the same pictures as bytes can be changed in place.
    assert sizes(of_files.map(copy)) == [(64, 64)] * 2, "the behaviour has changed"
    contents = [open(os.path.join("files", name), "rb").read() for name in names]
    of_bytes = Dataset.from_dict({"image": [Image.open(io.BytesIO(content)) for content in contents]})
    small, black = of_bytes.map(shrink), of_bytes.map(paint)
    print("datasets, bytes: thumbnail() in map() leaves", sizes(small), "- painting black leaves a mean of",
          [round(float(np.asarray(row["image"]).mean())) for row in black])
    assert sizes(small) == [(64, 64)] * 2, "the behaviour has changed"
    assert all(np.asarray(row["image"]).max() <= 1 for row in black), "the behaviour has changed"

    # litdata: of a JPEG the file, of a PNG the picture.
    for name, right in ("p.png", (64, 64)), ("p.jpg", (128, 128)):
        litdata.optimize(chosen, [name], os.path.join(FOLDER, "packed-" + name), num_workers=1, chunk_size=10)
        stored = litdata.StreamingDataset(os.path.join(FOLDER, "packed-" + name), serializers={"jpeg": Opened()})
        found = stored[0]["image"].size
        print("litdata, %s: thumbnail() leaves %s" % (name, found))
        assert found == right, "the behaviour has changed"


if __name__ == "__main__":
    main()
P
export HOME="$folder" HF_HOME="$folder/hf" HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
"$folder/venv/bin/python" -W error::UserWarning run.py 2>log || { cat log; exit 1; }
if grep -iE 'filename|in place' log; then echo "the behaviour has changed"; exit 1; fi
echo "as described"
