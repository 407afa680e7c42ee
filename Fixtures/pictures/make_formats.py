"""Makes the pictures of further formats, codings and colour profiles in this folder, with their references (NAME.ppm).

Run after make_pictures.py with Pillow and numpy, and with jpegtran (libjpeg-turbo-progs) and cwebp's library as Pillow has
it: python Fixtures/pictures/make_formats.py
The committed files came from Pillow 12 with Little CMS 2.19 and libwebp 1.6. The profiles are written here, after
ICC.1:2001-04; references of pictures that have one are Little CMS's conversion through Pillow.
"""

import io
import struct
import subprocess

import numpy as np
from PIL import Image, ImageCms

from make_pictures import HEIGHT, HERE, WIDTH, chunk, drawn, exif, packed, reference

# -- ICC profiles ----------------------------------------------------------------------------------------------------


def s15(*values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def icc(space, kind, pcs, tags):
    """A version 2 profile of the tags (signature, bytes)."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI", start + len(body), b"\0\0\0\0", 0x02400000) + kind + space + pcs
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + s15(0.9642, 1, 0.8249) + b"\0" * 48
    return head[:128] + table + body


def gamma(exponent):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def text(words):
    words = words.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + b"\0" * 78


def common(name):
    return [
        (b"desc", text(name)), (b"cprt", b"text\0\0\0\0CC0\0"), (b"wtpt", b"XYZ \0\0\0\0" + s15(0.9642, 1, 0.8249)),
    ]


def wide(padding=0):
    """Adobe RGB's primaries, relative to D50, with a gamma of 2.2."""
    primaries = [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)]
    tags = common("wide") + [(n, b"XYZ \0\0\0\0" + s15(*p)) for n, p in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
    tags += [(n, gamma(2.2)) for n in (b"rTRC", b"gTRC", b"bTRC")]
    return icc(b"RGB ", b"mntr", b"XYZ ", tags + ([(b"none", b"data" + b"\0" * padding)] if padding else []))


def gray(exponent=1.8):
    return icc(b"GRAY", b"mntr", b"XYZ ", common("gray") + [(b"kTRC", gamma(exponent))])


def inks():
    """A table of 2x2x2x2 Lab colours: paper is white, cyan bluish green, and so on; not those of the plain rule."""
    grid = []
    for c, m, y, k in np.ndindex(2, 2, 2, 2):
        light = 255 * (1 - 0.35 * c) * (1 - 0.45 * m) * (1 - 0.1 * y) * (1 - 0.8 * k)
        grid += [int(light), int(128 - 40 * c + 60 * m - 5 * y) if not k else 128, int(128 - 40 * c - 5 * m + 80 * y) if not k else 128]
    identity = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += identity * 4 + bytes(np.clip(grid, 0, 255).astype(np.uint8)) + identity * 3
    return icc(b"CMYK", b"prtr", b"Lab ", common("inks") + [(b"A2B0", table)])


def srgb(picture, profile):
    """What a viewer shows: perceptual intent where there is a table."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")


# -- JPEG ------------------------------------------------------------------------------------------------------------


def jpeg_bytes(picture, **options):
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=92, **options)
    return data.getvalue()


def jpegs():
    rgb = Image.fromarray(drawn(3, 255).astype(np.uint8))
    ink = Image.fromarray(drawn(4, 255).astype(np.uint8), "CMYK")
    with open("/tmp/scans.txt", "w") as script:
        script.write("0; 1; 2;")
    for name, options in (
        ("arithmetic", ["-arithmetic"]), ("arithmetic-progressive", ["-arithmetic", "-progressive"]),
        # Each colour in a scan of its own.
        ("scans", ["-scans", "/tmp/scans.txt"]),
    ):
        data = subprocess.run(
            ["jpegtran", *options], input=(HERE / "jpeg-444.jpg").read_bytes(), stdout=subprocess.PIPE, check=True).stdout
        (HERE / f"jpeg-{name}.jpg").write_bytes(data)
        (HERE / f"jpeg-{name}.ppm").write_bytes((HERE / "jpeg-444.ppm").read_bytes())
    for name, picture, profile in (
        ("wide", rgb, wide()), ("gray", rgb.convert("L"), gray()), ("cmyk", ink, inks()),
        ("srgb", rgb, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
        # Gray with a profile for RGB, as many programs write it.
        ("wide-of-gray", rgb.convert("L"), wide()),
    ):
        data = jpeg_bytes(picture, icc_profile=profile, **({"subsampling": 0} if picture.mode == "RGB" else {}))
        (HERE / f"jpeg-profile-{name}.jpg").write_bytes(data)
        decoded = Image.open(io.BytesIO(data))
        reference(f"jpeg-profile-{name}", srgb(decoded.convert("RGB") if name == "wide-of-gray" else decoded, profile))
    # The same profile in three segments.
    data, profile = jpeg_bytes(rgb, subsampling=0), wide(padding=400)
    parts = [profile[i : i + 400] for i in range(0, len(profile), 400)]
    segments = b"".join(
        b"\xff\xe2" + struct.pack(">H", len(p) + 16) + b"ICC_PROFILE\0" + bytes([i + 1, len(parts)]) + p
        for i, p in enumerate(parts))
    data = data[:2] + segments + data[2:]
    (HERE / "jpeg-profile-segments.jpg").write_bytes(data)
    reference("jpeg-profile-segments", srgb(Image.open(io.BytesIO(data)), profile))


# -- PNG -------------------------------------------------------------------------------------------------------------


def png(name, samples, depth, kind, expected, extra):
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, kind, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
    data += chunk(b"IDAT", zlib_level9(packed(samples, depth))) + chunk(b"IEND", b"")
    (HERE / f"{name}.png").write_bytes(data)
    reference(name, expected)


def zlib_level9(data):
    import zlib

    return zlib.compress(data, 9)


def pngs():
    rgb = drawn(3, 255)
    profile = lambda data: chunk(b"iCCP", b"profile\0\0" + zlib_level9(data))
    picture = Image.fromarray(rgb.astype(np.uint8))
    png("png-profile-wide", rgb, 8, 2, srgb(picture, wide()), profile(wide()))
    png("png-profile-wide16", rgb * 257, 16, 2, srgb(picture, wide()), profile(wide()))
    level = drawn(1, 255)
    png("png-profile-gray", level, 8, 0, srgb(picture_of(level), gray()), profile(gray()))
    alpha = drawn(4, 255)[..., 3:]
    light = np.asarray(srgb(picture_of(level), gray())).astype(float)
    mixed = np.rint(light * alpha / 255 + 128 * (1 - alpha / 255))
    png("png-profile-gray-alpha", np.concatenate([level, alpha], -1), 8, 4, mixed, profile(gray()))
    # Linear light and no profile.
    linear = rgb / 255
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    png("png-gamma", rgb, 8, 2, np.rint(coded * 255), chunk(b"gAMA", struct.pack(">I", 100000)))
    # 1/2.2 is what nearly all files with a gAMA chunk say, and means as good as sRGB.
    png("png-gamma-usual", rgb, 8, 2, rgb, chunk(b"gAMA", struct.pack(">I", 45455)))
    for orientation in range(2, 9):
        tiff = exif(orientation, "II" if orientation % 2 else "MM")[6:]
        turned = picture.transpose({
            2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
            6: Image.ROTATE_270, 7: Image.TRANSVERSE, 8: Image.ROTATE_90}[orientation])
        png(f"png-exif-{orientation}", rgb, 8, 2, turned, chunk(b"eXIf", tiff))


def picture_of(level):
    return Image.fromarray(level[..., 0].astype(np.uint8))


# -- WebP ------------------------------------------------------------------------------------------------------------


def webps():
    rgb = Image.fromarray(drawn(3, 255).astype(np.uint8))
    rgba = Image.fromarray(drawn(4, 255).astype(np.uint8))
    tiff = exif(6, "MM")[6:]
    for name, picture, options in (
        ("lossy", rgb, {"quality": 90}), ("lossless", rgb, {"lossless": True}),
        ("lossy-alpha", rgba, {"quality": 90}), ("lossless-alpha", rgba, {"lossless": True, "exact": True}),
        ("exif-6", rgb, {"lossless": True, "exif": tiff}), ("profile", rgb, {"lossless": True, "icc_profile": wide()}),
        ("animated", rgba, {"lossless": True, "exact": True, "save_all": True, "append_images": [rgba.rotate(180)]}),
    ):
        data = io.BytesIO()
        picture.save(data, "WEBP", **options)
        (HERE / f"webp-{name}.webp").write_bytes(data.getvalue())
        read = Image.open(io.BytesIO(data.getvalue()))
        read.load()
        under = Image.new("RGBA", read.size, (128, 128, 128, 255))
        under.alpha_composite(read.convert("RGBA"))
        shown = under.convert("RGB")
        if name == "exif-6":
            shown = shown.transpose(Image.ROTATE_270)
        reference(f"webp-{name}", srgb(shown, wide()) if name == "profile" else shown)


# -- BMP, written here because Pillow writes few kinds -----------------------------------------------------------------


def bmp(name, body, bits, expected, length=40, compression=0, palette=b"", masks=(), height=HEIGHT, tail=b""):
    outside = b"".join(struct.pack("<I", m) for m in masks) if length == 40 else b""
    if length == 12:
        header = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
    else:
        entry = len(palette) // 4
        header = struct.pack("<IiiHHIIiiII", length, WIDTH, height, 1, bits, compression, len(body), 2835, 2835, entry, 0)
        header += b"".join(struct.pack("<I", m) for m in masks) if length > 40 else b""
        header += tail
        header += b"\0" * (length - len(header))
    start = 14 + length + len(outside) + len(palette)
    data = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + outside + palette + body
    (HERE / f"bmp-{name}.bmp").write_bytes(data)
    reference(f"bmp-{name}", expected)


def rows(samples, bits, top_down=False):
    """Rows [h, w] of pixels of `bits`, filled to four bytes, the last one first."""
    body = b""
    for row in samples if top_down else samples[::-1]:
        if bits >= 8:
            line = b"".join(int(v).to_bytes(bits // 8, "little") for v in row)
        else:
            spread = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
            line = np.packbits(spread).tobytes()
        body += line + b"\0" * (-len(line) % 4)
    return body


def colors_of(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 3))


def entries(colors):
    return b"".join(bytes([int(b), int(g), int(r), 0]) for r, g, b in colors)


def run_lengths(indices, bits):
    """One encoded and one literal run per row, and the row's end."""
    body = b""
    for row in indices[::-1]:
        row = [int(v) for v in row]
        first = 1
        while first < len(row) and row[first] == row[0]:
            first += 1
        body += bytes([first, row[0] * 17 if bits == 4 else row[0]])
        rest = row[first:]
        while rest:
            part, rest = rest[:20], rest[20:]
            if len(part) < 3:
                for v in part:
                    body += bytes([1, v * 17 if bits == 4 else v])
                continue
            if bits == 4:
                even = part + [0] * (len(part) % 2)
                literal = bytes(a << 4 | b for a, b in zip(even[::2], even[1::2]))
            else:
                literal = bytes(part)
            body += bytes([0, len(part)]) + literal + b"\0" * (len(literal) % 2)
        body += b"\0\0"
    return body + b"\0\1"


def bmps():
    rgb = drawn(3, 255)
    bgr = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    for bits in (1, 4, 8):
        colors = colors_of(2**bits, bits)
        indices = drawn(1, 2**bits - 1)[..., 0]
        bmp(f"palette{bits}", rows(indices, bits), bits, colors[indices], palette=entries(colors))
        if bits > 1:
            bmp(
                f"runs{bits}", run_lengths(indices, bits), bits, colors[indices], compression={8: 1, 4: 2}[bits],
                palette=entries(colors))
    colors, indices = colors_of(256, 3), drawn(1, 255)[..., 0]
    bmp("os2", rows(indices, 8), 8, colors[indices], length=12,
        palette=b"".join(bytes([int(b), int(g), int(r)]) for r, g, b in colors))
    bmp("rgb24", rows(bgr, 24), 24, rgb)
    bmp("rgb24-top-down", rows(bgr, 24, top_down=True), 24, rgb, height=-HEIGHT)
    bmp("rgb32", rows(bgr, 32), 32, rgb)
    five = drawn(3, 31)
    bmp("rgb555", rows(five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2], 16), 16, np.rint(five * 255 / 31))
    mixed = np.stack([drawn(3, 31)[..., 0], drawn(3, 63)[..., 1], drawn(3, 31)[..., 2]], -1)
    bmp(
        "rgb565", rows(mixed[..., 0] << 11 | mixed[..., 1] << 5 | mixed[..., 2], 16), 16,
        np.rint(mixed * 255 / np.array([31, 63, 31])), compression=3, masks=(0xF800, 0x7E0, 0x1F))
    rgba = drawn(4, 255)
    value = rgba[..., 3] << 24 | bgr
    alpha = rgba[..., 3:] / 255
    laid = np.rint(rgb * alpha + 128 * (1 - alpha))
    four = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    # Version 4 as ImageMagick writes it, version 5 as GIMP does; both say "sRGB" behind the masks.
    bmp("v4-alpha", rows(value, 32), 32, laid, length=108, compression=3, masks=four, tail=b"BGRs")
    bmp("v5", rows(bgr, 24), 24, rgb, length=124, masks=(0, 0, 0, 0), tail=b"BGRs")
    for file in sorted(HERE.glob("bmp-*.bmp")):
        if file.stem in ("bmp-v4-alpha", "bmp-runs4", "bmp-rgb565", "bmp-rgb555"):
            continue  # Pillow ignores this alpha, and rounds five bits otherwise
        read = np.asarray(Image.open(file).convert("RGB")).astype(int)
        data = (HERE / f"{file.stem}.ppm").read_bytes()
        wanted = np.frombuffer(data[-WIDTH * HEIGHT * 3 :], np.uint8).reshape(HEIGHT, WIDTH, 3).astype(int)
        assert np.abs(read - wanted).max() <= 0, file.stem


if __name__ == "__main__":
    jpegs()
    pngs()
    webps()
    bmps()
