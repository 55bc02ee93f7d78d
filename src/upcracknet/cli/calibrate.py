"""``upcracknet calibrate``: chooses how a trained model detects, on undamaged photos alone."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from upcracknet.data.dataset import Sample, open_dataset
from upcracknet.data.painted import PaintedPatches, PaintingRange
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.detection.pretrained import build_crack_remover, load_restorer, weights_path
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.calibration import (
    CANDIDATES,
    best_with_floor,
    compare_settings,
    painted_roads,
    synthetic_roads,
)
from upcracknet.evaluation.crack_remover_calibration import (
    SCALES,
    Road,
    clean_roads,
    compare_crack_remover,
    distracting_roads,
)
from upcracknet.evaluation.crack_remover_calibration import painted_roads as roads_with_visible_cracks
from upcracknet.files import write_atomically
from upcracknet.training.configuration import (
    Configuration,
    TrainingConfiguration,
    as_dictionary,
    load_configuration,
)
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.weights import WeightsRecord, load_state, load_weights, save_weights

Chosen = tuple[dict[str, Any], list[dict[str, Any]]]
"""The settings chosen, and all comparisons."""


def calibrate(
    model: Path,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    photos: str | None = None,
    data_root: Path | None = None,
    roads: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 32,
    scales: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    half_precision: bool = False,
) -> int:
    """Choose how a trained model detects, without any labels.

    Paints cracks on undamaged photos that the model was not trained on, and keeps the detection settings
    that find these known cracks best and leave the photos without cracks clean: the level below which
    nothing is called crack, the reach below which a speck is dropped, and for a crack remover the sizes at
    which a photo is searched. Synthetic roads are measured beside. Writes the weights with these settings,
    and all comparisons as JSON beside them.

    For example:
        upcracknet calibrate runs/mine --photos crack-free/ -o mine.safetensors

    Args:
        model: Run folder of `upcracknet train`, or a .safetensors file.
        output: Weights file to write.
        photos: Folder or dataset of undamaged road; without it what the run was trained on. The photos
            that training kept apart are used; a bare weights file does not say which, so give it photos
            that it has not seen.
        data_root: Folder with the named datasets; else the variable UPCRACKNET_DATA.
        roads: Number of roads of each kind; for a crack remover twice as many synthetic ones.
        scales: Sizes at which a crack remover may search a photo, as factors of its own; without it all
            usual choices. `--scales 1 0.5,1` compares full size alone with half and full size together.
            Small and few sizes are fast.
        half_precision: Store the weights in 16 bits, half the size.
    """
    if output.suffix != ".safetensors":
        raise ConfigurationError(f"{output}: expected a name that ends in .safetensors")
    path = weights_path(model)
    tensors, record = load_weights(path)
    if scales is not None and record.architecture != "CrackRemover":
        raise ConfigurationError(f"{model}: a restorer has one size; leave --scales out")
    choices = SCALES if scales is None else tuple(_sizes(text) for text in scales)
    run = model / "configuration.yaml"
    if photos is None and not run.exists():
        raise ConfigurationError(f"{model}: no run folder that says what it learned from; give --photos")
    configuration = load_configuration(run) if run.exists() else None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        if record.architecture == "CrackRemover":
            chosen, comparisons = _crack_remover(path, configuration, photos, data_root, roads, choices, bar)
        else:
            chosen, comparisons = _restorer(path, configuration, photos, data_root, roads, bar)
    provenance = {} if configuration is None else {"configuration": as_dictionary(configuration)}
    written = save_weights(
        output,
        tensors,
        WeightsRecord(record.architecture, record.configuration, chosen, record.provenance | provenance),
        half_precision=half_precision,
    )
    report = {
        "weights": str(output),
        "sha256": written.sha256,
        "chosen": chosen,
        "comparisons": comparisons,
    }
    text = json.dumps(report, indent=2)
    write_atomically(output.with_suffix(".calibration.json"), (text + "\n").encode())
    sys.stdout.write(text + "\n")
    return 0


def _sizes(text: str) -> tuple[float, ...]:
    """Factors of a choice of sizes, such as ``0.5,1``."""
    try:
        sizes = tuple(sorted({float(part) for part in text.split(",")}))
    except ValueError:
        sizes = ()
    if not sizes or not all(0 < size <= 4 for size in sizes):
        raise ConfigurationError(f"--scales {text}: expected factors above 0 and up to 4, such as 1 or 0.5,1")
    return sizes


def _restorer(
    path: Path,
    configuration: Configuration | None,
    photos: str | None,
    data_root: Path | None,
    roads: int,
    bar: Progress,
) -> Chosen:
    """Settings of a restorer."""
    scorer = load_restorer(path)
    configuration = configuration or TrainingConfiguration()
    assert isinstance(configuration, TrainingConfiguration)  # the run's weights are a restorer's
    data, seed = configuration.data, configuration.seed
    samples = open_dataset(photos or data.photos, data_root, data.split)
    _, kept_apart = split_samples(samples, data.validation_share, seed)
    patches = UndamagedPatches(
        kept_apart,
        size=scorer.input_size,
        window_sizes=data.window_sizes,
        margin=data.margin,
        augment=False,
        patches_per_epoch=max(roads, 64),
        seed=seed,
    )
    painted, synthetic = painted_roads(patches, roads), synthetic_roads(scorer.input_size, roads)
    task = bar.add_task("comparing settings", total=len(CANDIDATES))
    comparisons = compare_settings(
        scorer.generator, patches, painted, synthetic, progress=lambda: bar.advance(task)
    )
    settings = best_with_floor(comparisons).settings.to_dict() | {"input_size": scorer.input_size}
    return settings, [asdict(comparison) for comparison in comparisons]


def _crack_remover(
    path: Path,
    configuration: Configuration | None,
    photos: str | None,
    data_root: Path | None,
    roads: int,
    scales: tuple[tuple[float, ...], ...],
    bar: Progress,
) -> Chosen:
    """Settings of a crack remover."""
    tensors, record = load_weights(path)
    network, _ = build_crack_remover(path, record)
    load_state(network, tensors, path)
    configuration = configuration or CrackRemoverConfiguration()
    assert isinstance(configuration, CrackRemoverConfiguration)  # the run's weights are a crack remover's
    data, seed = configuration.data, configuration.seed

    def undamaged(samples: list[Sample]) -> UndamagedPatches:
        return UndamagedPatches(
            samples,
            window_sizes=data.window_sizes,
            margin=data.margin,
            augment=False,
            patches_per_epoch=roads,
            seed=seed,
        )

    sources = [photos] if photos else list(data.photos)
    kept_apart = [
        undamaged(split_samples(open_dataset(name, data_root, data.split), data.validation_share, seed)[1])
        for name in sources
    ]

    def painted(size: int, **changes: Any) -> list[Road]:
        return roads_with_visible_cracks(
            PaintedPatches(
                kept_apart,
                size=size,
                painting=PaintingRange(**changes),  # the same for all models
                augment=False,
                patches_per_epoch=roads,
                seed=seed,
            )
        )

    kinds = {
        "fine cracks": painted(256, fine=1.0),
        "cracks of any width": painted(256, fine=0.0),
        "at native size": painted(384, fine=0.0, shrinking=(1.0, 1.0)),
    }
    task = bar.add_task("comparing settings", total=len(scales))
    comparisons = compare_crack_remover(
        network,
        kinds,
        [road for patches in kept_apart for road in clean_roads(patches)],
        distracting_roads(2 * roads),
        scales=scales,
        progress=lambda: bar.advance(task),
    )
    if not comparisons[0].clean:
        bar.console.print(
            f"warning: no settings keep crack-free roads clean; the cleanest still call "
            f"{comparisons[0].worst:.1%} of their pixels crack. Train longer, or on more crack-free photos.",
            style="yellow",
        )
    return comparisons[0].settings.to_dict(), [asdict(comparison) for comparison in comparisons]
