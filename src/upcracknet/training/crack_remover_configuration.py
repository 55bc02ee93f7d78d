"""The configuration of the default model's training: roads, painted cracks, network, schedule."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal

from upcracknet.data.painted import PaintingRange
from upcracknet.training.configuration import Configuration, Size, WindowsConfiguration, WindowSize
from upcracknet.training.configuration_file import Count, DecayRate, NotNegative, Positive, Share


@dataclass(frozen=True)
class RoadConfiguration(WindowsConfiguration):
    """Which undamaged road is painted on (Section IV-A).

    Attributes:
        photos: names of datasets, or folders; each is drawn from with equal chance. Where corrections are
            learned from it may be empty: what is painted on then are synthetic roads and corrected photos.
        patches_per_epoch: patches drawn each epoch.
        validation_patches: patches of the validation, the same each epoch.
    """

    photos: tuple[str, ...] = ("deepcrack",)
    size: Size = 256
    window_sizes: tuple[WindowSize, ...] = (128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 640, 768)
    patches_per_epoch: Count = 800
    validation_patches: Count = 96


@dataclass(frozen=True)
class SelfTrainingConfiguration:
    """Photos without any annotation, whose cracks an earlier model has marked.

    Attributes:
        results: result folders of ``upcracknet detect --scores png``, which name their photos. Empty: no
            self-training.
        share: share of the patches that come from these photos; new cracks are painted on them as well.
        sure: where all scores nearby are up to the first is no crack, from the second on is crack; in between
            the pixel does not count.
    """

    results: tuple[str, ...] = ()
    share: Share = 0.4
    sure: tuple[Share, Share] = (0.05, 0.6)


@dataclass(frozen=True)
class CorrectionsConfiguration:
    """Photos that people corrected, accepted or rejected: optional supervision.

    Attributes:
        results: result folders with ``corrections/``. Empty: nothing but undamaged road is learned from.
        share: share of the patches that come from these photos; new cracks are painted on them as well.
        blend: how far the weights that are kept go from those that training started from towards the trained
            ones, 0 to 1. In between, the new kind of road is known and the usual one is not forgotten
            (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). Without
            ``initial_weights`` there is nothing to blend with.
    """

    results: tuple[str, ...] = ()
    share: Share = 0.5
    blend: Share = 0.35


@dataclass(frozen=True)
class CrackRemoverConfiguration(Configuration):
    """Everything that decides a training run of the crack remover.

    The learning rate falls to zero over the epochs, so none of them is left out: the patience is long.

    Attributes:
        method: name of the system.
        data: undamaged road.
        painting: how roads and cracks may look.
        self_training: a second round on photos without annotation.
        corrections: photos that people corrected.
        widths: channels of each layer of the network, from half the resolution down.
        refinement_channels: channels of its layer at full resolution.
        pyramid: levels of the photo's pyramid that the network looks at; 1 is the photo alone.
        initial_weights: what to start from, a weights file, a run folder, or the name of a shipped model;
            None starts from random weights. It may be a network that looks at the photo alone.
        coarser_weight: weight of the loss of each coarser level beside that of the photo.
        restoration_weight: weight of the restored road's mean absolute error beside the loss of the mask.
        learning_rate: highest learning rate of AdamW.
        weight_decay: of AdamW.
        average_decay: how slowly the averaged weights follow, which are those that are kept.
        batch_size: patches a step; the overlap that is learned is pooled over them, and of 8 it is too noisy.
    """

    method: Literal["crack-remover"] = "crack-remover"
    data: RoadConfiguration = field(default_factory=RoadConfiguration)
    painting: PaintingRange = field(default_factory=PaintingRange)
    self_training: SelfTrainingConfiguration = field(default_factory=SelfTrainingConfiguration)
    corrections: CorrectionsConfiguration = field(default_factory=CorrectionsConfiguration)
    widths: tuple[Count, ...] = (16, 32, 64, 128, 192, 192)
    refinement_channels: Count = 8
    pyramid: Count = 5
    initial_weights: str | None = None
    coarser_weight: NotNegative = 0.25
    restoration_weight: NotNegative = 5.0
    learning_rate: Positive = 3e-3
    weight_decay: NotNegative = 1e-3
    average_decay: DecayRate = 0.998
    batch_size: Count = 16
    epochs: Count = 20
    patience: Count = 1000
    sample_every: Count = 5

    @property
    def size_multiple(self) -> int:
        """Pixels that the network's layers, or the levels of its pyramid, halve to one."""
        return 1 << max(len(self.widths), self.pyramid + 1)

    @property
    def needs_photos(self) -> bool:
        """Whether ``data.photos`` must name some: corrected photos do as well, so that is seen later."""
        return False

    def problems(self) -> Iterator[str]:
        """Find settings that do not go together, one sentence each."""
        yield from super().problems()
        if len(self.widths) < 2:
            yield "`widths` must hold at least two layers"
        painting, sure = asdict(self.painting), self.self_training.sure
        shares = (
            "cracked",
            "distracted",
            "things",
            "synthetic",
            "fine",
            "wide",
            "squeezed",
            "covered",
            "camera",
        )
        for name in shares:
            if not 0 <= painting[name] <= 1:
                yield f"`painting.{name}` must lie in [0, 1]"
        for name in ("widths", "depths", "shrinking"):
            low, high = painting[name]
            if not 0 < low <= high:
                yield f"`painting.{name}` must be two numbers, 0 < low ≤ high"
        if painting["fine"] + painting["wide"] > 1:
            yield "`painting.fine` and `painting.wide` must be 1 together at most"
        if not painting["surfaces"]:
            yield "`painting.surfaces` must name at least one surface"
        if not painting["crowding"] >= 0:
            yield "`painting.crowding` must be ≥ 0"
        if not sure[0] <= sure[1]:
            yield "`self_training.sure` must be two scores, low ≤ high"
