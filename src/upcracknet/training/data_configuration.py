"""The configuration of undamaged patches, for every method that learns from them alone."""

from dataclasses import dataclass

SMALLEST_SIZE = 32  # pixels; the discriminators and the coarsest scale of the losses need that much


@dataclass(frozen=True)
class DataConfiguration:
    """Which undamaged patches are learned from (Section IV-A).

    Attributes:
        photos: a dataset's name (``deepcrack``, ``crack500``, ``cfd``) or a folder; photos with masks are
            mined for undamaged windows, photos without masks are taken to be undamaged.
        split: part of the dataset that is used.
        size: side of a patch in pixels after resizing; the networks' input size.
        window_sizes: sides of the square windows cut from the photos, in pixels: the range of scales.
        margin: distance in pixels that a window keeps from cracks.
        patches_per_epoch: patches drawn each epoch; None draws one for each photo, but at least 300.
        validation_share: share of the photos kept for validation.
    """

    photos: str = "deepcrack"
    split: str = "train"
    size: int = 256
    window_sizes: tuple[int, ...] = (96, 128, 160, 192, 224, 256, 288, 320, 352)
    margin: int = 4
    patches_per_epoch: int | None = None
    validation_share: float = 0.1

    def requirements(self, multiple: int, why: str) -> dict[str, bool]:
        """Sentences about the values, and whether each holds.

        Args:
            multiple: the networks want sizes that are multiples of this many pixels.
            why: where that comes from.
        """
        return {
            f"`data.size` {self.size} must be a multiple of {multiple}, which is {why}": self.size % multiple
            == 0,
            f"`data.size` must be ≥ {SMALLEST_SIZE}": self.size >= SMALLEST_SIZE,
            "`data.window_sizes` must hold sizes ≥ 8": min(self.window_sizes, default=0) >= 8,
            "`data.margin` must be ≥ 0": self.margin >= 0,
            "`data.patches_per_epoch` must be ≥ 1": self.patches_per_epoch is None
            or self.patches_per_epoch >= 1,
            "`data.validation_share` must lie between 0 and 1": 0 < self.validation_share < 1,
        }
