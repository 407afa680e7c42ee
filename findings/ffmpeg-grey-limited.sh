#!/bin/sh
# FFmpeg takes grey video for full range, whatever the file says and whatever range it is told.
#
# Who meets it: whoever writes grey films as YUV4MPEG2 with Cmono and XCOLORRANGE=LIMITED (black is 16, white is 235), and
# reads or encodes them with FFmpeg or what is built on it: PyAV, OpenCV, imageio.
# Guess before the run: the range is obeyed as it is with C444, so that 16, 126 and 235 become 0, 128 and 255.
# Seen (FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, FFmpeg 8.1.2 in PyAV 18.1.0, OpenCV 5.0.0.93, imageio 2.38.1): with C444 and
# neutral chroma that is what comes; with Cmono 16, 126 and 235 stay as they are, and the picture is pale. FFmpeg has read the
# header: it lists the stream as gray(tv), and PyAV's frames say color_range 1, which is limited. Nor do scale=in_range=limited
# and setrange=limited help, and there is no warning. `-pix_fmt yuv420p`, which players need, squeezes the range twice: black is
# 30 and white 218 (FFmpeg 5.1.9 got that right). FFmpeg's other converter, zscale, does all of it right.
# Why, from what is seen and not from its source: libswscale, which all of these convert with, holds every grey format for full
# range, over what its caller says.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet imageio-ffmpeg==0.8.1 av==18.1.0 opencv-python-headless==5.0.0.93 imageio==2.38.1 \
    numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'P'
import subprocess

import av
import cv2
import imageio.v3
import imageio_ffmpeg

# A frame of 4x2 pixels: black, middle grey, white, and light grey, in limited range.
luma = bytes([16, 126, 235, 180] * 2)
right = [round((y - 16) * 255 / 219) for y in luma[:4]]
untouched = list(luma[:4])


def film(name, colours, planes):
    with open(name, "wb") as file:
        file.write(b"YUV4MPEG2 W4 H2 F24:1 Ip A1:1 %s XCOLORRANGE=LIMITED\nFRAME\n%s" % (colours, planes))


def ffmpeg(name, filters, step):
    """The first row of what FFmpeg makes of the film; `step` is the number of bytes of a pixel."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-i", name, "-vf", filters, "-f", "rawvideo", "-"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert not ended.stderr, "the behaviour has changed: %s" % ended.stderr.decode()
    return list(ended.stdout[: 4 * step : step])


def pyav(name):
    with av.open(name) as file:
        frame = next(file.decode(video=0))
        print("    PyAV: format %s, color_range %d" % (frame.format.name, frame.color_range))
        assert frame.color_range == 1, "the behaviour has changed"
        return frame.to_ndarray(format="rgb24")[0, :, 0].tolist()


def opencv(name):
    done, frame = cv2.VideoCapture(name, cv2.CAP_FFMPEG).read()
    assert done
    return frame[0, :, 0].tolist()


def close(found, wanted):
    return max(abs(a - b) for a, b in zip(found, wanted)) <= 1


film("colour.y4m", b"C444", luma + bytes([128] * 16))
film("grey.y4m", b"Cmono", luma)
print("luma of both films %s, in full range %s" % (untouched, right))
for name, wanted in [("colour.y4m", right), ("grey.y4m", untouched)]:
    print(name)
    for how, found in [
        ("PyAV", pyav(name)),
        ("OpenCV", opencv(name)),
        ("imageio", imageio.v3.imread(name, plugin="pyav")[0, 0, :, 0].tolist()),
        ("FFmpeg", ffmpeg(name, "format=rgb24", 3)),
        ("FFmpeg, in_range=limited", ffmpeg(name, "scale=in_range=limited:out_range=full,format=rgb24", 3)),
        ("FFmpeg, setrange=limited", ffmpeg(name, "setrange=limited,format=rgb24", 3)),
    ]:
        print("    %s: %s" % (how, found))
        assert close(found, wanted), "the behaviour has changed"
    luma_again = ffmpeg(name, "format=yuv420p", 1)
    print("    FFmpeg, luma after format=yuv420p: %s" % luma_again)
    squeezed = [16 + y * 219 / 255 for y in untouched]
    assert close(luma_again, untouched if name == "colour.y4m" else squeezed), "the behaviour has changed"
    zimg = ffmpeg(name, "zscale=range=full,format=gray", 1)
    print("    FFmpeg, zscale: %s" % zimg)
    assert close(zimg, right), "the behaviour has changed"
P
echo "as described"
