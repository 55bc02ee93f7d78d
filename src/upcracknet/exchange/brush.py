"""Masks as Label Studio's brush has them: runs of the bytes of an RGBA picture, packed bit by bit.

The packing is that of rle-pack (thi.ng/umbrella): 32 bits say how many words there are, 5 bits one less than
the bits of a word, four times 4 bits one less than the bits of a count. Then come blocks: a bit that says
whether one word is repeated, 2 bits that say which of the four kinds of counts follows, one less than the
count, and the word that is repeated, or as many words as the count says. Bits are written from the highest.
"""

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.errors import DataError
from upcracknet.exchange.run_lengths import run_lengths

CHANNELS = 4
WORD_BITS = 8
COUNT_BITS = (3, 4, 8, 16)
LONGEST_RUN = 1 << COUNT_BITS[-1]
HEADER_BITS = 32 + 5 + 4 * len(COUNT_BITS)


def to_brush(mask: Bool[np.ndarray, "h w"]) -> list[int]:
    """Pack a mask.

    Args:
        mask: True where there is a crack; such pixels are 255 in all four channels, the others 0.

    Returns:
        bytes, as Label Studio's ``rle`` has them.
    """
    lengths = run_lengths(mask.ravel()) * CHANNELS
    bits = [
        f"{mask.size * CHANNELS:032b}",
        f"{WORD_BITS - 1:05b}",
        *(f"{size - 1:04b}" for size in COUNT_BITS),
    ]
    for index, length in enumerate(lengths.tolist()):
        word = "1" * WORD_BITS if index % 2 else "0" * WORD_BITS
        for begin in range(0, length, LONGEST_RUN):
            less = min(length - begin, LONGEST_RUN) - 1
            kind = next(kind for kind, size in enumerate(COUNT_BITS) if less < 1 << size)
            bits.append(f"1{kind:02b}{less:0{COUNT_BITS[kind]}b}{word}")
    packed = np.packbits(np.frombuffer("".join(bits).encode(), np.uint8) - ord("0"))
    values: list[int] = packed.tolist()
    return values


def from_brush(values: list[int], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Unpack a mask.

    Args:
        values: bytes, as Label Studio's ``rle`` has them.
        size: the photo's height and width in pixels.

    Returns:
        True where the fourth channel, the opacity, is more than half.

    Raises:
        DataError: they are none, or of a photo of another size.
    """
    try:
        # A lone number would become so many bytes.
        words = _unpacked(bytes([*values]), size[0] * size[1] * CHANNELS)
    except (ValueError, TypeError, IndexError) as error:
        raise DataError(
            f"a brush mask that is damaged, or not of {size[1]}x{size[0]} pixels; export it again"
        ) from error
    return words.reshape(*size, CHANNELS)[..., 3] > 127


def _unpacked(packed: bytes, count: int) -> UInt8[np.ndarray, " n"]:
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    header = _numbers(bits[:HEADER_BITS], [32, 5, *[4] * len(COUNT_BITS)])
    if header[0] != count:
        raise ValueError
    word_bits, *count_bits = (number + 1 for number in header[1:])
    if word_bits > WORD_BITS:
        raise ValueError
    words = np.zeros(count, np.uint8)
    place, done = HEADER_BITS, 0
    while done < count:
        repeated, kind = _numbers(bits[place : place + 3], [1, 2])
        place += 3
        (less,) = _numbers(bits[place : place + count_bits[kind]], [count_bits[kind]])
        place, end = place + count_bits[kind], done + less + 1
        stored = 1 if repeated else less + 1
        block = bits[place : place + stored * word_bits].reshape(stored, word_bits)
        words[done:end] = block @ (1 << np.arange(word_bits)[::-1])  # too many words do not fit, and raise
        place, done = place + stored * word_bits, end
    return words


def _numbers(bits: UInt8[np.ndarray, " n"], sizes: list[int]) -> list[int]:
    """Numbers of so many bits each, from the highest."""
    text = (bits + ord("0")).tobytes().decode()
    ends = np.cumsum(sizes)
    return [int(text[end - size : end], 2) for size, end in zip(sizes, ends, strict=True)]
