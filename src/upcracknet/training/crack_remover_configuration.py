"""The configuration of the default model's training: roads, painted cracks, network, schedule."""

import math
from dataclasses import dataclass, field
from typing import Literal

from upcracknet.data.painted import PaintingRange
from upcracknet.training.schedule import Schedule


@dataclass(frozen=True)
class RoadConfiguration:
    """Which undamaged road is painted on (Section IV-A).

    Attributes:
        photos: datasets' names or folders; of each, photos with masks are mined for undamaged windows, photos
            without masks are taken to be undamaged. Each is drawn from with equal chance.
        split: part of the datasets that is used.
        size: side of a patch in pixels.
        window_sizes: sides of the square windows cut from the photos, in pixels.
        margin: distance in pixels that a window keeps from cracks.
        patches_per_epoch: patches drawn each epoch.
        validation_share: share of the photos kept for validation.
        validation_patches: patches of the validation, the same each epoch.
    """

    photos: tuple[str, ...] = ("deepcrack",)
    split: str = "train"
    size: int = 192
    window_sizes: tuple[int, ...] = (128, 160, 192, 224, 256, 288, 320, 384, 448)
    margin: int = 4
    patches_per_epoch: int = 800
    validation_share: float = 0.1
    validation_patches: int = 96


@dataclass(frozen=True)
class SelfTrainingConfiguration:
    """Photos without any annotation, whose cracks an earlier model has marked.

    Attributes:
        results: output folders of ``upcracknet detect --score png``; each lists its photos. Empty: no
            self-training.
        share: share of the patches that come from these photos.
        sure: scores below the first are taken as no crack, above the second as crack; in between the pixel
            does not count.
    """

    results: tuple[str, ...] = ()
    share: float = 0.4
    sure: tuple[float, float] = (0.3, 0.6)


@dataclass(frozen=True)
class CrackRemoverConfiguration(Schedule):
    """Everything that decides a training run of the crack remover.

    The learning rate falls to zero over the epochs, so none of them is left out: the patience is long.

    Attributes:
        method: which method this is a configuration of.
        data: undamaged road.
        painting: how roads and cracks may look.
        self_training: a second round on photos without annotation.
        widths: channels of each level of the network.
        refinement_channels: channels of its layer at full resolution.
        initial_weights: weights file to start from; None starts anew.
        restoration_weight: weight of the restored road's mean absolute error beside the loss of the mask.
        learning_rate: highest learning rate of AdamW.
        weight_decay: of AdamW.
        average_decay: how slowly the averaged weights follow, which are those that are kept.
    """

    method: Literal["crack-remover"] = "crack-remover"
    data: RoadConfiguration = field(default_factory=RoadConfiguration)
    painting: PaintingRange = field(default_factory=PaintingRange)
    self_training: SelfTrainingConfiguration = field(default_factory=SelfTrainingConfiguration)
    widths: tuple[int, ...] = (32, 64, 96, 128, 128)
    refinement_channels: int = 16
    initial_weights: str | None = None
    restoration_weight: float = 5.0
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    average_decay: float = 0.998
    epochs: int = 20
    patience: int = 1000
    sample_every: int = 5

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        data, painting, learned = self.data, self.painting, self.self_training
        multiple = 2 ** len(self.widths)
        shares = {
            "`painting.cracked`": painting.cracked,
            "`painting.distracted`": painting.distracted,
            "`painting.synthetic`": painting.synthetic,
            "`painting.fine`": painting.fine,
            "`painting.squeezed`": painting.squeezed,
            "`self_training.share`": learned.share,
        }
        ranges = {
            "`painting.widths`": painting.widths,
            "`painting.depths`": painting.depths,
            "`painting.shrinking`": painting.shrinking,
        }
        possible = {
            "`data.photos` must name at least one dataset or folder": len(data.photos) > 0,
            "`widths` must hold at least two levels of at least one channel": len(self.widths) >= 2
            and min(self.widths) >= 1,
            "`refinement_channels` must be ≥ 1": self.refinement_channels >= 1,
            f"`data.size` {data.size} must be a multiple of {multiple}, which is 2 to the power of the "
            "number of `widths`": data.size % multiple == 0 and data.size > 0,
            "`data.window_sizes` must hold sizes ≥ 8": min(data.window_sizes, default=0) >= 8,
            "`data.margin` must be ≥ 0": data.margin >= 0,
            "`data.patches_per_epoch` and `data.validation_patches` must be ≥ 1": min(
                data.patches_per_epoch, data.validation_patches
            )
            >= 1,
            "`data.validation_share` must lie between 0 and 1": 0 < data.validation_share < 1,
            "`painting.crowding` must be ≥ 0": painting.crowding >= 0,
            **{f"{name} must lie in [0, 1]": 0 <= share <= 1 for name, share in shares.items()},
            **{
                f"{name} must be two numbers, 0 < low ≤ high": 0 < low <= high
                for name, (low, high) in ranges.items()
            },
            "`self_training.sure` must be two scores, 0 ≤ low ≤ high ≤ 1": 0
            <= learned.sure[0]
            <= learned.sure[1]
            <= 1,
            "`learning_rate` must be finite and above 0": 0 < self.learning_rate < math.inf,
            "`weight_decay` and `restoration_weight` must be ≥ 0": min(
                self.weight_decay, self.restoration_weight
            )
            >= 0,
            "`average_decay` must lie in [0, 1)": 0 <= self.average_decay < 1,
            **self.schedule_requirements(),
        }
        return [message for message, holds in possible.items() if not holds]
