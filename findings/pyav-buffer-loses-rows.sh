#!/bin/sh
# PyAV's from_numpy_buffer drops two rows of a 4:2:0 picture whose height is no multiple of 4, and moves its colours down.
#
# Who meets it: whoever makes films of samples from YUV arrays without a copy of each frame. A grid of 8x8 pictures of 64 pixels,
# as torchvision's make_grid lays them out, is 530x530, and OpenCV's COLOR_RGB2YUV_I420 makes 795 rows of bytes of it.
# Guess before the run: the frame is 530 high, and the same as from from_ndarray, which takes the same array.
# Seen (PyAV 18.1.0): with yuv420p, yuvj420p and nv12 the frame is 528 high: two rows are lost at the bottom. And its planes of
# colour begin two rows of bytes early, so all colours lie 8 and 10 pixels (nv12: 4) below their luma, and the top is coloured by
# luma: flat orange has a green and blue top. A film that is written is so, too. Nothing warns. from_ndarray has it right, as has
# OpenCV 5.0.0.93 with the same bytes. Heights that are multiples of 4 are right. The documentation names arrays with padding (the
# argument width), which this one has not, and no limit for the height. (Its source has `height // 6 * 4`, where two thirds of 795
# are meant.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W error - 2>log <<'P' || { cat log; exit 1; }
import av
import cv2
import numpy as np

# One flat orange in limited range, and what it is as RGB.
LUMA, BLUE, RED = 130, 70, 190
orange = [round(v) for v in (
    1.164 * (LUMA - 16) + 1.596 * (RED - 128), 1.164 * (LUMA - 16) - 0.392 * (BLUE - 128) - 0.813 * (RED - 128),
    1.164 * (LUMA - 16) + 2.017 * (BLUE - 128))]


def samples(format, height, width):
    """Luma, and below it the planes of colour, or for nv12 the one plane in which they alternate."""
    blue, red = (np.full(height * width // 4, v, np.uint8) for v in (BLUE, RED))
    colour = np.stack([blue, red], 1).ravel() if format == "nv12" else np.concatenate([blue, red])
    return np.concatenate([np.full(height * width, LUMA, np.uint8), colour]).reshape(height * 3 // 2, width)


def film(frame):
    """What comes back of a film without loss."""
    with av.open("film.mkv", "w") as file:
        stream = file.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        frame.pts = 0
        for packet in stream.encode(frame) + stream.encode(None):
            file.mux(packet)
    with av.open("film.mkv") as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


def off(picture):
    """How many rows are of another colour than the orange, and the largest difference."""
    difference = np.abs(picture.astype(int) - orange).max(axis=2)
    return (difference.max(axis=1) > 3).sum(), difference.max()


for height in (16, 18, 20, 22, 270, 480, 486, 528, 530, 532):
    width = height if height > 500 else 64
    lost = height % 4
    for format in "yuv420p", "nv12":
        array = samples(format, height, width)
        code = cv2.COLOR_YUV2RGB_NV12 if format == "nv12" else cv2.COLOR_YUV2RGB_I420
        right = cv2.cvtColor(array, code)
        copied = av.VideoFrame.from_ndarray(array, format=format)
        shared = av.VideoFrame.from_numpy_buffer(array, format=format)
        assert np.array_equal(copied.to_ndarray(), array), "the behaviour has changed"
        pictures = [right] + [frame.to_ndarray(format="rgb24") for frame in (copied, shared)]
        print("%s, %d rows: OpenCV %d, from_ndarray %d, from_numpy_buffer %d, of which %d rows are not orange (off by %d)" % (
            format, height, *(len(picture) for picture in pictures), *off(pictures[2])))
        assert [len(picture) for picture in pictures] == [height, height, height - lost], "the behaviour has changed"
        assert off(pictures[0])[0] == off(pictures[1])[0] == 0, "the behaviour has changed"
        assert (off(pictures[2])[0] > 0) == (lost > 0) and (not lost or off(pictures[2])[1] > 60), "the behaviour has changed"
    if height in (528, 530):
        array = samples("yuv420p", height, width)
        copied, shared = (film(make(array, format="yuv420p")) for make in (
            av.VideoFrame.from_ndarray, av.VideoFrame.from_numpy_buffer))
        print("  film: from_ndarray %dx%d %s, from_numpy_buffer %dx%d %s" % (
            *copied.shape[1::-1], copied[0, 0], *shared.shape[1::-1], shared[0, 0]))
        assert len(copied) == height and off(copied)[0] == 0, "the behaviour has changed"
        assert len(shared) == 528 and (off(shared)[0] > 0) == (lost > 0), "the behaviour has changed"

# Where the colours lie: blue and red change at half of the height, the luma does not.
for format, seen in ("yuv420p", [8, 10]), ("yuvj420p", [8, 10]), ("nv12", [4, 4]):
    height = width = 530
    edge = height // 4 * 2
    colour = np.where((np.arange(height // 2) < edge // 2)[:, None], [[90, 160]], [[170, 100]]).astype(np.uint8)
    colour = np.repeat(colour, width // 2, axis=0)
    colour = colour.ravel() if format == "nv12" else colour.T.ravel()
    array = np.concatenate([np.full(height * width, LUMA, np.uint8), colour]).reshape(height * 3 // 2, width)
    found = []
    for make in av.VideoFrame.from_ndarray, av.VideoFrame.from_numpy_buffer:
        planes = make(array, format=format).reformat(format="yuv420p" if format == "nv12" else format).planes
        for plane in planes[1:]:
            column = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, 0].astype(int)
            # The last change; above it there may be luma.
            found.append(int(np.nonzero(np.diff(column))[0][-1] + 1) * 2 - edge)
    print("%s: blue and red are off by %d and %d rows from from_ndarray, %d and %d from from_numpy_buffer" % (format, *found))
    assert found == [0, 0] + seen, "the behaviour has changed"
P
if [ -s log ]; then cat log; echo "the behaviour has changed"; exit 1; fi
echo "as described"
