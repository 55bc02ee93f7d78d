"""Calibration: chooses how a trained model detects, on undamaged photos alone."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from upcracknet.calibration.crack_remover import PAINTINGS, SCALES, compare_crack_remover
from upcracknet.calibration.restorer import compare_restorer
from upcracknet.calibration.roads import (
    distracting_roads,
    painted_roads,
    roads_with_added_cracks,
    shrunk_synthetic_roads,
    undamaged_roads,
)
from upcracknet.data.painted import PaintedPatches
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackRemoverScorer, RestorationScorer
from upcracknet.detection.pretrained import load_pretrained, weights_path
from upcracknet.errors import ConfigurationError
from upcracknet.files import json_bytes, require_writable, write_atomically
from upcracknet.runtime import Engine
from upcracknet.training.configuration import (
    Configuration,
    TrainingConfiguration,
    as_dictionary,
    load_configuration,
)
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.weights import WeightsRecord, load_weights, save_weights

__all__ = ["calibrate"]

Progress = Callable[[int, int], None]


class _Choice(NamedTuple):
    """The best settings, as weights files hold them; all comparisons as plain values; what is wrong."""

    settings: dict[str, Any]
    comparisons: list[dict[str, Any]]
    warning: str | None = None


def calibrate(
    model: str | Path,
    output: Path,
    *,
    photos: str | None = None,
    data_root: Path | None = None,
    roads: int = 32,
    scales: Sequence[tuple[float, ...]] | None = None,
    half_precision: bool = False,
    device: str = "auto",
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Choose a model's detection settings, and write its weights with them and a report beside.

    Args:
        model: run folder, weights file, or the name of a shipped model.
        output: weights file to write, ``.safetensors``; the report's name ends in ``.calibration.json``.
        photos: data set or folder of undamaged road; None takes what the run was trained on. Of these, the
            photos that training kept apart are used.
        data_root: folder with the named data sets; None takes the variable ``UPCRACKNET_DATA``.
        roads: number of roads of each kind; for a crack remover twice as many synthetic ones.
        scales: sizes at which a crack remover may search a photo, as factors of its own; None compares the
            usual choices.
        half_precision: whether to store the weights in 16 bits.
        device: where the network runs, by PyTorch.
        progress: called with the number of candidates done and of all.

    Returns:
        the report: ``weights``, their ``sha256``, the ``chosen`` settings, all ``comparisons``, best first,
        and a ``warning`` if even the best settings find cracks on clean roads, else None.

    Raises:
        ConfigurationError: the model cannot be calibrated so, nothing says on which photos, or the device is
            not there.
        DataError: the photos cannot be used.
        OutputError: the files cannot be written.
        WeightsError: the model cannot be used.
    """
    if output.suffix != ".safetensors":
        raise ConfigurationError(f"{output}: expected a name that ends in .safetensors")
    path = weights_path(model)
    tensors, record = load_weights(path)
    scorer = load_pretrained(path, engine=Engine(device=device)).scorer
    if not isinstance(scorer, CrackRemoverScorer | RestorationScorer):
        raise ConfigurationError(
            f"{model}: {scorer.name} has no settings to choose; give a model of up-cracknet or crack-remover"
        )
    removes = isinstance(scorer, CrackRemoverScorer)
    if scales is not None and not removes:
        raise ConfigurationError(f"{model}: a restorer has one size; leave --scales out")
    run, provenance = Path(model) / "configuration.yaml", record.provenance
    configuration: Configuration = CrackRemoverConfiguration() if removes else TrainingConfiguration()
    if run.exists():
        configuration = load_configuration(run)
        provenance = provenance | {"configuration": as_dictionary(configuration)}
    elif photos is None:
        raise ConfigurationError(f"{model}: no run folder that says what it learned from; give --photos")
    assert isinstance(configuration, TrainingConfiguration | CrackRemoverConfiguration)  # as the weights are
    data, seed = configuration.data, configuration.seed
    learned_from = (data.photos,) if isinstance(data.photos, str) else data.photos
    if not (photos or learned_from):
        raise ConfigurationError(f"{model}: learned from no photos of sound road; give --photos")
    require_writable(output.parent)
    sources = [
        UndamagedPatches(
            split_samples(open_dataset(source, data_root, data.split), data.validation_share, seed)[1],
            size=scorer.input_size or 256,
            window_sizes=data.window_sizes,
            margin=data.margin,
            augment=False,
            patches_per_epoch=roads if removes else max(roads, 64),  # a share of 0.2 % wants many pixels
            seed=seed,
        )
        for source in ((photos,) if photos else learned_from)
    ]
    if isinstance(scorer, CrackRemoverScorer):
        choice = _crack_remover_settings(scorer, sources, roads, seed, scales or SCALES, progress)
    else:
        choice = _restorer_settings(scorer, sources[0], roads, progress)
    written = save_weights(
        output,
        tensors,
        WeightsRecord(record.architecture, record.configuration, choice.settings, provenance),
        half_precision=half_precision,
    )
    report = {
        "weights": str(output),
        "sha256": written.sha256,
        "chosen": choice.settings,
        "warning": choice.warning,
        "comparisons": choice.comparisons,
    }
    write_atomically(output.with_suffix(".calibration.json"), json_bytes(report))
    return report


def _crack_remover_settings(
    scorer: CrackRemoverScorer,
    sources: Sequence[UndamagedPatches],
    roads: int,
    seed: int,
    scales: Sequence[tuple[float, ...]],
    progress: Progress,
) -> _Choice:
    painted = {}
    for kind, (size, painting) in PAINTINGS.items():
        patches = PaintedPatches(
            sources, size=size, painting=painting, augment=False, patches_per_epoch=roads, seed=seed
        )
        painted[kind] = painted_roads(patches)
    clean = [road for patches in sources for road in undamaged_roads(patches)]
    distracting = distracting_roads(2 * roads)
    tried = compare_crack_remover(scorer, painted, clean, distracting, scales=scales, progress=progress)
    best, warning = tried[0], None
    if not best.clean:
        warning = (
            f"no settings keep crack-free roads clean; the best still mark {best.worst:.1%} of their pixels "
            "as crack; train longer, or on more crack-free photos"
        )
    return _Choice(best.settings.to_dict(), [asdict(one) for one in tried], warning)


def _restorer_settings(
    scorer: RestorationScorer, patches: UndamagedPatches, roads: int, progress: Progress
) -> _Choice:
    size = scorer.input_size
    with_cracks, synthetic = roads_with_added_cracks(patches, roads), shrunk_synthetic_roads(size, roads)
    tried = compare_restorer(scorer, undamaged_roads(patches), with_cracks, synthetic, progress=progress)
    # Without a floor Otsu's method finds cracks on every clean road.
    best = next(one for one in tried if one.false_alarm_share < 1)
    return _Choice(best.settings.to_dict() | {"input_size": size}, [asdict(one) for one in tried])
