"""Makes the pictures in this folder and, beside each, the pixels a reader should find (NAME.ppm).

Run with Pillow and numpy: python Fixtures/pictures/make_pictures.py
The committed files came from Pillow 13.0.0. JPEG references are Pillow's own decoding (upright by
ImageOps.exif_transpose); PNG references are the drawn samples themselves, scaled to 8 bits and laid over mid-gray
(128), and Pillow must agree where it can read the format.
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 23, 17


def drawn(channels, top):
    """[HEIGHT, WIDTH, channels] integers in 0...top: slopes and a hard edge, different in every channel and corner."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    planes = [
        (x + 2 * y) / (WIDTH - 1 + 2 * (HEIGHT - 1)),
        y / (HEIGHT - 1),
        ((x - 6) ** 2 + (y - 5) ** 2 < 20) * 0.75 + 0.125,
        np.clip((x + y) / 30, 0, 1),
    ]
    return np.rint(np.stack(planes[:channels], -1) * top).astype(int)


def reference(name, rgb):
    rgb = np.asarray(rgb, dtype=np.uint8)
    (HERE / f"{name}.ppm").write_bytes(b"P6 %d %d 255\n" % (rgb.shape[1], rgb.shape[0]) + rgb.tobytes())


# -- JPEG ----------------------------------------------------------------------------------------------------------


def jpeg(name, picture, **options):
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=90, **options)
    (HERE / f"{name}.jpg").write_bytes(data.getvalue())
    decoded = ImageOps.exif_transpose(Image.open(io.BytesIO(data.getvalue()))).convert("RGB")
    reference(name, decoded)


def exif(orientation, order):
    tiff = {"II": b"II*\0", "MM": b"MM\0*"}[order]
    mark = {"II": "<", "MM": ">"}[order]
    # A second tag first, so that the orientation has to be looked for.
    return (
        b"Exif\0\0" + tiff + struct.pack(mark + "IH", 8, 2)
        + struct.pack(mark + "HHII", 0x0100, 4, 1, WIDTH)
        + struct.pack(mark + "HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(mark + "I", 0)
    )


def jpegs():
    rgb = Image.fromarray(drawn(3, 255).astype(np.uint8))
    jpeg("jpeg-444", rgb, subsampling=0)
    jpeg("jpeg-420", rgb, subsampling=2)
    jpeg("jpeg-422", rgb, subsampling=1)
    jpeg("jpeg-progressive", rgb, subsampling=2, progressive=True)
    jpeg("jpeg-restarts", rgb, subsampling=0, restart_marker_blocks=2)
    jpeg("jpeg-rgb", rgb, keep_rgb=True)
    jpeg("jpeg-gray", rgb.convert("L"))
    jpeg("jpeg-gray-progressive", rgb.convert("L"), progressive=True)
    cmyk = Image.fromarray(drawn(4, 255).astype(np.uint8), "CMYK")
    jpeg("jpeg-cmyk", cmyk)
    jpeg("jpeg-cmyk-progressive", cmyk, progressive=True)
    ycck()
    for orientation in range(1, 9):
        jpeg(f"jpeg-exif-{orientation}", rgb, subsampling=0, exif=exif(orientation, "II" if orientation % 2 else "MM"))
    jpeg("jpeg-exif-9", rgb, subsampling=0, exif=exif(9, "II"))


def ycck():
    """Pillow writes CMYK but no YCCK; the CMYK file becomes one by its Adobe marker's transform byte."""
    data = (HERE / "jpeg-cmyk.jpg").read_bytes()
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    data = data[: at + 11] + b"\x02" + data[at + 12 :]
    (HERE / "jpeg-ycck.jpg").write_bytes(data)
    reference("jpeg-ycck", Image.open(io.BytesIO(data)).convert("RGB"))


# -- PNG, written here because Pillow cannot interlace or write 16-bit colour -----------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(samples, depth):
    """Rows of samples [h, w, c] as PNG bytes, each behind filter type 0."""
    rows = b""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            body = row.astype(">u2").tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
            body = np.packbits(bits).tobytes()
        rows += b"\0" + body
    return rows


def png(name, samples, depth, kind, rgba, extra=b"", interlaced=False, check=True):
    """`samples` [h, w, c] as stored, `rgba` [h, w, 4] in 0...1: what they mean."""
    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        rows = b"".join(packed(p, depth) for p in passes if p.size)
    else:
        rows = packed(samples, depth)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, int(interlaced))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
    data += chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / f"{name}.png").write_bytes(data)
    alpha = rgba[..., 3:]
    expected = np.rint(rgba[..., :3] * 255 * alpha + 128 * (1 - alpha))
    reference(name, expected)
    read = Image.open(io.BytesIO(data))
    read.load()
    if depth <= 8 and check:
        read = read.convert("RGBA")
        under = Image.new("RGBA", read.size, (128, 128, 128, 255))
        under.alpha_composite(read)
        assert np.abs(np.asarray(under)[..., :3].astype(int) - expected).max() <= 1, name


def pngs():
    for interlaced in (False, True):
        tail = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            top = 2**depth - 1
            gray = drawn(1, top)
            light = np.concatenate([np.repeat(gray / top, 3, -1), np.ones_like(gray)], -1)
            png(f"png-gray{depth}{tail}", gray, depth, 0, light, interlaced=interlaced)
            if depth >= 8:
                rgb = drawn(3, top)
                solid = np.concatenate([rgb / top, np.ones((HEIGHT, WIDTH, 1))], -1)
                png(f"png-rgb{depth}{tail}", rgb, depth, 2, solid, interlaced=interlaced)
                both = np.stack([gray[..., 0], drawn(4, top)[..., 3]], -1)
                meant = np.concatenate([np.repeat(both[..., :1], 3, -1), both[..., 1:]], -1) / top
                png(f"png-gray-alpha{depth}{tail}", both, depth, 4, meant, interlaced=interlaced)
                rgba = drawn(4, top)
                png(f"png-rgba{depth}{tail}", rgba, depth, 6, rgba / top, interlaced=interlaced)
            else:
                colors = np.random.default_rng(depth).integers(0, 256, (top + 1, 3))
                palette(f"png-palette{depth}{tail}", gray, depth, colors, interlaced)
        colors = np.random.default_rng(8).integers(0, 256, (200, 3))
        palette(f"png-palette8{tail}", drawn(1, 199), 8, colors, interlaced)
    # Transparency given as a chunk: for palette entries, and for one gray level.
    colors = np.random.default_rng(9).integers(0, 256, (16, 3))
    palette("png-palette4-transparent", drawn(1, 15), 4, colors, False, alphas=[0, 40, 128, 250])
    gray = drawn(1, 15)
    clear = (gray != 7).astype(float)
    png(
        "png-gray4-transparent", gray, 4, 0, np.concatenate([np.repeat(gray / 15, 3, -1), clear], -1),
        extra=chunk(b"tRNS", struct.pack(">H", 7)),
        check=False,  # Pillow compares the 4-bit level 7 with levels that it has scaled to 8 bits
    )


def palette(name, indices, depth, colors, interlaced, alphas=()):
    extra = chunk(b"PLTE", bytes(colors.astype(np.uint8).reshape(-1)))
    if alphas:
        extra += chunk(b"tRNS", bytes(alphas))
    full = np.array(list(alphas) + [255] * (len(colors) - len(alphas)))
    meant = np.concatenate([colors[indices[..., 0]], full[indices]], -1) / 255
    png(name, indices, depth, 3, meant, extra=extra, interlaced=interlaced)


if __name__ == "__main__":
    jpegs()
    pngs()
