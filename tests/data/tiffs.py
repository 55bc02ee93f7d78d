"""TIFF files of kinds that Pillow does not write."""

import struct

import numpy as np


def tiff(values: np.ndarray, *, photometric: int = 1, separate: bool = False) -> bytes:
    """Write an uncompressed TIFF after the TIFF 6.0 specification.

    Args:
        values: H×W or H×W×bands, uint8, uint16 or float.
        photometric: 0 if dark is high, 1 if bright is high, 2 for RGB.
        separate: store each band on its own.
    """
    values = values[..., None] if values.ndim == 2 else values
    height, width, bands = values.shape
    stored = [values[..., band] for band in range(bands)] if separate else [values]
    strips = [part.astype(values.dtype.newbyteorder("<")).tobytes() for part in stored]
    bits, kind = 8 * values.dtype.itemsize, 3 if values.dtype.kind == "f" else 1
    lists = {258: [bits] * bands, 339: [kind] * bands, 279: [len(strip) for strip in strips]}
    numbers = {256: width, 257: height, 259: 1, 262: photometric, 277: bands, 278: height, 284: 1 + separate}
    tags = {tag: [number] for tag, number in numbers.items()} | lists | {273: [0] * len(strips)}
    start = 8 + 2 + 12 * len(tags) + 4
    pixels = start + sum(4 * len(content) for content in tags.values())
    tags[273] = [pixels + sum(map(len, strips[:number])) for number in range(len(strips))]
    entries, beyond = b"", b""
    for tag, content in sorted(tags.items()):
        packed = struct.pack(f"<{len(content)}I", *content)
        if len(content) > 1:
            packed, beyond = struct.pack("<I", start + len(beyond)), beyond + packed
        entries += struct.pack("<HHI", tag, 4, len(content)) + packed
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return (b"II*\0" + struct.pack("<I", 8) + directory + beyond).ljust(pixels, b"\0") + b"".join(strips)
