"""Uploads that a service must survive: damaged photos, other files, bombs, and names that are tricks."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image

ANSWERS = frozenset({200, 400, 413, 422})
"""How a service may answer them: with measures, or with what is wrong."""

NAMES = (
    *("road.jpg", "../../../../tmp/outside.png", "/etc/passwd", "..\\..\\outside.png", "C:\\outside.png"),
    *(
        "uploads/../results.json",
        "jobs.sqlite",
        ".upcracknet/lock",
        "a\x00b.png",
        "x" * 4000,
        "\u202egnp.exe",
    ),
    *("=cmd|' /C calc'!A0", "<script>alert(1)</script>.png", "%2e%2e%2foutside", "con", "", " ", "a\nb: c"),
)


@dataclass(frozen=True)
class Upload:
    """A file that somebody sends.

    Attributes:
        kind: what was done to it.
        name: that it is sent with.
        content: of the file.
    """

    kind: str
    name: str
    content: bytes


def hostile_uploads(count: int, seed: int = 0) -> Iterator[Upload]:
    """Make uploads; the same ones for the same numbers.

    Args:
        count: how many; every kind has its turn.
        seed: of what is drawn.
    """
    random = np.random.default_rng(seed)
    kinds = [*_MUTATIONS.items()]
    for number in range(count):
        kind, make = kinds[number % len(kinds)]
        yield Upload(kind, NAMES[number // len(kinds) % len(NAMES)], make(random))


@cache
def _road(suffix: str) -> bytes:
    """A small photo with a crack."""
    photo = np.random.default_rng(1).normal(140, 10, (64, 96, 3)).clip(0, 255).astype(np.uint8)
    photo[30:34] = 40
    return cv2.imencode(suffix, photo)[1].tobytes()


def _any_road(random: np.random.Generator) -> bytes:
    return _road((".png", ".jpg", ".tif", ".bmp", ".webp")[int(random.integers(5))])


def _truncated(random: np.random.Generator) -> bytes:
    road = _any_road(random)
    return road[: int(random.integers(len(road)))]


def _flipped(random: np.random.Generator, share: float = 0.01) -> bytes:
    road = np.frombuffer(_any_road(random), np.uint8).copy()
    places = random.integers(0, road.size, max(1, int(road.size * share)))
    road[places] ^= random.integers(1, 256, places.size).astype(np.uint8)
    return road.tobytes()


def _header_flipped(random: np.random.Generator) -> bytes:
    road = bytearray(_any_road(random))
    for place in random.integers(0, min(64, len(road)), 4).tolist():
        road[place] = int(random.integers(256))
    return bytes(road)


def _cut_out(random: np.random.Generator) -> bytes:
    road = _any_road(random)
    first, second = sorted(random.integers(0, len(road), 2).tolist())
    return road[:first] + road[second:]


def _two_in_one(random: np.random.Generator) -> bytes:
    return _truncated(random) + _any_road(random)


def _noise(random: np.random.Generator) -> bytes:
    return random.bytes(int(random.integers(1, 4096)))


def _noise_behind_a_signature(random: np.random.Generator) -> bytes:
    signatures = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"II*\0\x08\0\0\0", b"MM\0*",
                  b"RIFF\0\0\0\0WEBP", b"BM", b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n", b"\0\0\0 ftypavif", b"P6\n9 9\n255\n")  # fmt: skip
    return signatures[int(random.integers(len(signatures)))] + random.bytes(512)


def _other_file(random: np.random.Generator) -> bytes:
    files = (
        b"", b"\0", b"hello", b"<html><script>alert(1)</script></html>", b"PK\x03\x04" + b"\0" * 30,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
        b"<?xml version='1.0'?><!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>",
        b"<VRTDataset rasterXSize='9' rasterYSize='9'><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>",
        b"\x7fELF" + b"\0" * 60, b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"%PDF-1.7\n", b"\x93NUMPY\x01\x00",
        b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\n", b"#!/bin/sh\ntrue\n",
    )  # fmt: skip
    return files[int(random.integers(len(files)))]


def _png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@cache
def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(1_000_000)) for _ in range(count // 1_000_000)]
    return b"".join(packed) + packer.flush()


def _impossible_size(random: np.random.Generator) -> bytes:
    sides = (0, 1, 15, 65_535, 100_000, 2**31 - 1, 2**32 - 1)
    width, height = (sides[int(one)] for one in random.integers(0, len(sides), 2))
    return _png(width, height, zlib.compress(b"\0" * 1000))


def _bomb(random: np.random.Generator) -> bytes:
    """A blank picture of 200 megapixels, in 800 kilobytes."""
    return _png(20_000, 10_000, _zeros(600_000_000))


def _text_bomb(random: np.random.Generator) -> bytes:
    """A text of 100 megabytes in a small picture."""
    bomb = _chunk(b"zTXt", b"Comment\0\0" + _zeros(100_000_000)) + _chunk(
        b"iCCP", b"x\0\0" + _zeros(100_000_000)
    )
    return _png(32, 32, zlib.compress(b"\0" * (32 * 97)), extra=bomb)


def _endless_tiff(random: np.random.Generator) -> bytes:
    """A TIFF whose directory leads to itself, or to far away."""
    usual = {256: 64, 257: 64, 258: 8, 262: 1, 273: 8, 279: 4096}
    tags = [
        (tag, 4, 1, int(random.integers(2**31)) if random.random() < 0.3 else value)
        for tag, value in usual.items()
    ]
    after = (8, 0, 2**31)[int(random.integers(3))]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", after) + bytes(4096)


def _strange_exif(random: np.random.Generator) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = int(random.integers(0, 65_536))
    exif[0x010E] = "x" * int(random.integers(1, 60_000))
    buffer = io.BytesIO()
    Image.open(io.BytesIO(_road(".jpg"))).save(buffer, "jpeg", exif=exif)
    return buffer.getvalue()


def _strange_mode(random: np.random.Generator) -> bytes:
    mode, form = (("P", "gif"), ("CMYK", "tiff"), ("1", "png"), ("I;16", "png"), ("LA", "png"), ("F", "tiff"),
                  ("L", "ppm"), ("YCbCr", "jpeg"), ("LAB", "tiff"))[int(random.integers(9))]  # fmt: skip
    buffer = io.BytesIO()
    side = int(random.integers(1, 40))
    Image.new(mode, (side, side)).save(buffer, form)
    return buffer.getvalue()


def _sliver(random: np.random.Generator) -> bytes:
    long = int(random.integers(1000, 60_000))
    return cv2.imencode(".png", np.full((16, long), 120, np.uint8))[1].tobytes()


_MUTATIONS: dict[str, Callable[[np.random.Generator], bytes]] = {
    "whole": _any_road,
    "truncated": _truncated,
    "bytes changed": _flipped,
    "many bytes changed": lambda random: _flipped(random, 0.2),
    "header changed": _header_flipped,
    "a part cut out": _cut_out,
    "two in one": _two_in_one,
    "noise": _noise,
    "noise behind a signature": _noise_behind_a_signature,
    "another file": _other_file,
    "impossible size": _impossible_size,
    "bomb": _bomb,
    "text bomb": _text_bomb,
    "endless TIFF": _endless_tiff,
    "strange EXIF": _strange_exif,
    "strange mode": _strange_mode,
    "sliver": _sliver,
}
