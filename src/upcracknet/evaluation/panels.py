"""Pictures of results in the colours of the paper's Figs. 2–4: green is right, blue is false, red is missed.

The colours lie over the photo, grey and darkened, so that one sees what was taken for a crack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import PhotoError
from upcracknet.evaluation.answers import Answerer, Compared
from upcracknet.evaluation.protocol import Protocol
from upcracknet.evaluation.results import EvaluationResult, ItemResult

TRUE_POSITIVE = (0, 230, 70)
FALSE_POSITIVE = (70, 130, 255)
FALSE_NEGATIVE = (255, 60, 50)

BRIGHTNESS = 0.55  # of the photo under the colours
GAP = 6  # pixels between pictures
STRIP = 24  # pixels of height of a line of text
INK = (40, 40, 40)


@dataclass(frozen=True)
class Example:
    """One result to be shown.

    Attributes:
        label: a line of text above it.
        photo: RGB, H×W×3.
        truth: the annotated crack pixels, H×W.
        prediction: the detected crack pixels, H×W.
        score: the score map, H×W, in [0, 1].
    """

    label: str
    photo: UInt8[np.ndarray, "h w 3"]
    truth: Bool[np.ndarray, "h w"]
    prediction: Bool[np.ndarray, "h w"]
    score: Float[np.ndarray, "h w"]


def choose_examples(items: Sequence[ItemResult], number: int) -> list[tuple[str, ItemResult]]:
    """Choose the best, the median and the worst results by IoU without tolerance, a third each.

    Args:
        items: all results.
        number: how many to choose; what three does not divide goes to the best, then to the worst.

    Returns:
        pairs of "best", "median" or "worst" and the result, from best to worst; all results with their
        places if there are no more than that.
    """
    ranked = sorted(items, key=lambda item: item.scores.iou, reverse=True)
    if len(ranked) <= number:
        return [(f"{place} of {len(ranked)}", item) for place, item in enumerate(ranked, start=1)]
    best, median, worst = (number + 2) // 3, number // 3, (number + 1) // 3
    middle = (len(ranked) - median) // 2
    return [
        *(("best", item) for item in ranked[:best]),
        *(("median", item) for item in ranked[middle : middle + median]),
        *(("worst", item) for item in ranked[len(ranked) - worst :]),
    ]


def write_panels(
    evaluation: EvaluationResult, answerer: Answerer, protocol: Protocol, folder: Path, *, number: int
) -> None:
    """Write ``panels/NAME.png`` for each chosen example and ``panels.png`` with all of them.

    The chosen photos are looked at again, so that no score map has to be kept.

    Raises:
        OutputError: the folder cannot be written.
        PhotoError: a photo is gone meanwhile.
    """
    examples = []
    for kind, result in choose_examples(evaluation.items, number):
        prepared = protocol.prepare(evaluation.dataset, result.sample)
        item = next(item for item in prepared if item.name == result.name)
        _, crack_map = next(answerer.answers([Compared(1, result.sample, item)]))
        if isinstance(crack_map, PhotoError):
            raise crack_map
        label = f"{kind}: {item.name}, IoU {100 * result.scores.iou:.1f} %"
        examples.append(Example(label, item.photo, item.truth, crack_map.mask, crack_map.score))
        panel = comparison_panel(examples[-1])
        save_image_atomically(folder / "panels" / f"{item.name.replace('/', '_')}.png", panel)
    if examples:
        save_image_atomically(folder / "panels.png", contact_sheet(examples))


def color_confusion(
    photo: UInt8[np.ndarray, "h w 3"], truth: Bool[np.ndarray, "h w"], prediction: Bool[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Paint true positives green, false positives blue, false negatives red over the dark grey photo."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    picture = np.repeat((grey * BRIGHTNESS).astype(np.uint8)[..., None], 3, axis=2)
    picture[prediction & truth] = TRUE_POSITIVE
    picture[prediction & ~truth] = FALSE_POSITIVE
    picture[~prediction & truth] = FALSE_NEGATIVE
    return picture


def color_score(score: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Colour a score map from black (0) over red to yellow (its own 99.9th percentile and above)."""
    highest = max(float(np.quantile(score, 0.999)), np.finfo(np.float32).tiny)
    scaled = (np.clip(score / highest, 0, 1) * 255).astype(np.uint8)
    colored: np.ndarray = cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO)[..., ::-1]
    return colored


def comparison_panel(example: Example, width: int | None = None) -> UInt8[np.ndarray, "H W 3"]:
    """Set photo, annotation, score map and coloured result side by side.

    Args:
        example: what to show.
        width: width of each of the four pictures in pixels; None leaves their size.
    """
    pictures = [
        example.photo,
        np.repeat(example.truth[..., None].astype(np.uint8) * 255, 3, axis=2),
        color_score(example.score),
        color_confusion(example.photo, example.truth, example.prediction),
    ]
    if width is not None:
        pictures = [scale_to_width(picture, width) for picture in pictures]
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (picture, gap)][:-1])


def contact_sheet(examples: Sequence[Example], *, width: int = 256) -> UInt8[np.ndarray, "H W 3"]:
    """Set the panels of several results below each other, each under its label, the columns named on top.

    Args:
        examples: what to show, not empty.
        width: width of each picture in pixels.
    """
    total = 4 * width + 3 * GAP
    titles = ("photo", "annotation", "score", "")
    head = np.hstack([text_strip(title, width + GAP) for title in titles])[:, :total]
    paint_legend(head, left=3 * (width + GAP))
    rows = [head]
    for example in examples:
        rows += [text_strip(example.label, total), comparison_panel(example, width)]
    return np.pad(np.vstack(rows), ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=255)


def scale_to_width(picture: UInt8[np.ndarray, "h w 3"], width: int) -> UInt8[np.ndarray, "H W 3"]:
    """Scale to a width in pixels and keep the proportions."""
    height = max(round(picture.shape[0] * width / picture.shape[1]), 1)
    smaller = width < picture.shape[1]
    # Photo, score and annotation are all scaled here, so one rule for all keeps them together.
    return cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    )


def text_strip(text: str, width: int) -> UInt8[np.ndarray, "H W 3"]:
    """Make a white strip with one line of text; OpenCV's letters are ASCII, others become question marks."""
    strip = np.full((STRIP, width, 3), 255, np.uint8)
    _put_text(strip, text, left=2, color=INK)
    return strip


def paint_legend(strip: UInt8[np.ndarray, "h w 3"], left: int) -> None:
    """Write what the colours of ``color_confusion`` mean, from column ``left`` on."""
    words = (("right", TRUE_POSITIVE), ("false", FALSE_POSITIVE), ("missed", FALSE_NEGATIVE))
    for word, color in words:
        cv2.rectangle(strip, (left + 2, 7), (left + 11, 16), color, cv2.FILLED)
        left += 16 + _put_text(strip, word, left=left + 16, color=INK) + 14


def _put_text(strip: UInt8[np.ndarray, "h w 3"], text: str, *, left: int, color: tuple[int, int, int]) -> int:
    """Write into a strip and give the width of the text in pixels."""
    ascii_text = text.encode("ascii", "replace").decode()
    style = (cv2.FONT_HERSHEY_SIMPLEX, 0.45)
    cv2.putText(strip, ascii_text, (left, STRIP - 8), *style, color, 1, cv2.LINE_AA)
    return int(cv2.getTextSize(ascii_text, *style, 1)[0][0])
