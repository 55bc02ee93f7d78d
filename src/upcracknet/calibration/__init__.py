"""Calibration: chooses how a trained model detects, on undamaged photos alone."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from upcracknet.calibration.crack_remover import SCALES, compare_crack_remover
from upcracknet.calibration.restorer import best_with_floor, compare_restorer
from upcracknet.calibration.roads import (
    Road,
    distracting_roads,
    painted_roads,
    roads_with_added_cracks,
    shrunk_synthetic_roads,
    undamaged_roads,
)
from upcracknet.data.dataset import open_dataset
from upcracknet.data.painted import PaintedPatches, PaintingRange
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.detection import CrackRemoverScorer, RestorationScorer
from upcracknet.detection.pretrained import load_scorer, weights_path
from upcracknet.errors import ConfigurationError
from upcracknet.files import json_bytes, write_atomically
from upcracknet.training.configuration import (
    TrainingConfiguration,
    as_dictionary,
    load_configuration,
)
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.weights import WeightsRecord, load_weights, save_weights

__all__ = ["calibrate"]

Progress = Callable[[int, int], None]


class _Choice(NamedTuple):
    """The settings chosen, as weights files hold them; all comparisons as plain values; what is wrong."""

    settings: dict[str, Any]
    comparisons: list[dict[str, Any]]
    warning: str | None = None


def calibrate(
    model: Path,
    output: Path,
    *,
    photos: str | None = None,
    data_root: Path | None = None,
    roads: int = 32,
    scales: Sequence[tuple[float, ...]] | None = None,
    half_precision: bool = False,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Choose a model's detection settings and write its weights with them.

    All comparisons are written as JSON beside the weights, under their name with ``.calibration.json``.

    Args:
        model: run folder, weights file, or the name of a shipped model.
        output: weights file to write, ``.safetensors``.
        photos: data set or folder of undamaged road; None takes what the run was trained on. Of these, the
            photos that training kept apart are used.
        data_root: folder with the named data sets; None takes the variable ``UPCRACKNET_DATA``.
        roads: number of roads of each kind; for a crack remover twice as many synthetic ones.
        scales: sizes at which a crack remover may search a photo, as factors of its own, above 0 and up to 4;
            None compares the usual choices.
        half_precision: whether to store the weights in 16 bits.
        progress: called with the number of candidates done and of all.

    Returns:
        What was written as JSON: ``weights``, their ``sha256``, the ``chosen`` settings, all ``comparisons``,
        best first, and a ``warning`` if even the best settings find cracks on clean roads, else None.

    Raises:
        ConfigurationError: the model cannot be calibrated so, or nothing says on which photos.
        DataError: the photos cannot be used.
        OutputError: the files cannot be written.
        WeightsError: the model cannot be used.
    """
    if output.suffix != ".safetensors":
        raise ConfigurationError(f"{output}: expected a name that ends in .safetensors")
    path = weights_path(model)
    tensors, record = load_weights(path)
    scorer, _ = load_scorer(path)
    if scales is not None and not isinstance(scorer, CrackRemoverScorer):
        raise ConfigurationError(f"{model}: only a crack remover has sizes to choose; leave --scales out")
    run = model / "configuration.yaml"
    if photos is None and not run.exists():
        raise ConfigurationError(f"{model}: no run folder that says what it learned from; give --photos")
    configuration = load_configuration(run) if run.exists() else None
    if isinstance(scorer, CrackRemoverScorer) and scorer.settings.score == "mask":
        learned = configuration or CrackRemoverConfiguration()
        assert isinstance(learned, CrackRemoverConfiguration)  # the run's weights are a crack remover's
        found = _crack_remover(scorer, learned, photos, data_root, roads, scales or SCALES, progress)
    elif isinstance(scorer, RestorationScorer):
        known = configuration or TrainingConfiguration()
        assert isinstance(known, TrainingConfiguration)  # the run's weights are a restorer's
        found = _restorer(scorer, known, photos, data_root, roads, progress)
    else:
        raise ConfigurationError(
            f"{model}: {scorer.name} has no settings to choose; give a model of up-cracknet or crack-remover"
        )
    provenance = {} if configuration is None else {"configuration": as_dictionary(configuration)}
    written = save_weights(
        output,
        tensors,
        WeightsRecord(
            record.architecture, record.configuration, found.settings, record.provenance | provenance
        ),
        half_precision=half_precision,
    )
    report = {
        "weights": str(output),
        "sha256": written.sha256,
        "chosen": found.settings,
        "warning": found.warning,
        "comparisons": found.comparisons,
    }
    write_atomically(output.with_suffix(".calibration.json"), json_bytes(report))
    return report


def _restorer(
    scorer: RestorationScorer,
    configuration: TrainingConfiguration,
    photos: str | None,
    data_root: Path | None,
    roads: int,
    progress: Progress,
) -> _Choice:
    size = scorer.input_size
    patches = _kept_apart(
        photos or configuration.data.photos,
        configuration,
        data_root,
        size=size,
        patches_per_epoch=max(roads, 64),  # enough pixels for a share of 0.2 %
    )
    comparisons = compare_restorer(
        scorer.generator,
        size,
        undamaged_roads(patches),
        roads_with_added_cracks(patches, roads),
        shrunk_synthetic_roads(size, roads),
        progress=progress,
    )
    chosen = best_with_floor(comparisons).settings.to_dict() | {"input_size": size}
    return _Choice(chosen, [asdict(comparison) for comparison in comparisons])


def _crack_remover(
    scorer: CrackRemoverScorer,
    configuration: CrackRemoverConfiguration,
    photos: str | None,
    data_root: Path | None,
    roads: int,
    scales: Sequence[tuple[float, ...]],
    progress: Progress,
) -> _Choice:
    kept_apart = [
        _kept_apart(source, configuration, data_root, patches_per_epoch=roads)
        for source in ([photos] if photos else configuration.data.photos)
    ]

    def painted(size: int, **changes: Any) -> list[Road]:
        painting = PaintingRange(**changes)  # the same for all models
        return painted_roads(
            PaintedPatches(
                kept_apart,
                size=size,
                painting=painting,
                augment=False,
                patches_per_epoch=roads,
                seed=configuration.seed,
            )
        )

    comparisons = compare_crack_remover(
        scorer,
        {
            "fine cracks": painted(256, fine=1.0),
            "cracks of any width": painted(256, fine=0.0),
            "at native size": painted(384, fine=0.0, shrinking=(1.0, 1.0)),
        },
        [road for patches in kept_apart for road in undamaged_roads(patches)],
        distracting_roads(2 * roads),
        scales=scales,
        progress=progress,
    )
    best = comparisons[0]
    warning = None
    if not best.clean:
        warning = (
            f"no settings keep crack-free roads clean; the cleanest still mark {best.worst:.1%} of their "
            "pixels as crack; train longer, or on more crack-free photos"
        )
    return _Choice(
        best.settings.to_dict(), [asdict(comparison) for comparison in comparisons], warning
    )


def _kept_apart(
    source: str,
    configuration: TrainingConfiguration | CrackRemoverConfiguration,
    data_root: Path | None,
    **sizes: int,
) -> UndamagedPatches:
    """Undamaged patches of the photos that training kept apart."""
    data, seed = configuration.data, configuration.seed
    samples = open_dataset(source, data_root, data.split)
    _, kept_apart = split_samples(samples, data.validation_share, seed)
    return UndamagedPatches(
        kept_apart, window_sizes=data.window_sizes, margin=data.margin, augment=False, seed=seed, **sizes
    )
