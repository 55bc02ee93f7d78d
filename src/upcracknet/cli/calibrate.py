"""``upcracknet calibrate``: chooses how a trained model detects, on undamaged photos alone."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from upcracknet.data.dataset import open_dataset
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.photo import write_atomically
from upcracknet.detection.pretrained import load_restorer, weights_path
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.calibration import (
    CANDIDATES,
    best_with_floor,
    compare_settings,
    painted_roads,
    synthetic_roads,
)
from upcracknet.training.configuration import TrainingConfiguration, as_dictionary, load_configuration
from upcracknet.weights import WeightsRecord, load_weights, save_weights


def calibrate(
    model: Path,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    photos: str | None = None,
    data_root: Path | None = None,
    roads: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 32,
    half_precision: bool = False,
) -> int:
    """Choose how a trained model detects, without any labels.

    Paints cracks on undamaged photos that the model was not trained on, and keeps the detection settings
    that find these known cracks best and leave the photos without cracks clean. Each comes with the level
    below which nothing is called crack, and the reach below which a speck is dropped. Synthetic roads are
    measured beside, to compare. Writes the weights with the best settings, and all comparisons as JSON
    beside them.

    For example:
        upcracknet calibrate runs/mine --photos crack-free/ -o mine.safetensors

    Args:
        model: Run folder of `upcracknet train`, or a .safetensors file.
        output: Weights file to write.
        photos: Folder or dataset of undamaged road; without it what the run was trained on. The photos
            that training kept apart are used; a bare weights file does not say which, so give it photos
            that it has not seen.
        data_root: Folder with the named datasets; else the variable UPCRACKNET_DATA.
        roads: Number of painted and of synthetic roads.
        half_precision: Store the weights in 16 bits, half the size.
    """
    if output.suffix != ".safetensors":
        raise ConfigurationError(f"{output}: expected a name that ends in .safetensors")
    path = weights_path(model)
    scorer = load_restorer(path)
    tensors, record = load_weights(path)
    run = model / "configuration.yaml"
    if photos is None and not run.exists():
        raise ConfigurationError(f"{model}: no run folder that says what it learned from; give --photos")
    configuration = load_configuration(run) if run.exists() else TrainingConfiguration()
    assert isinstance(configuration, TrainingConfiguration)  # it holds a restorer
    data, seed = configuration.data, configuration.seed
    samples = open_dataset(photos or data.photos, data_root, data.split)
    _, kept_apart = split_samples(samples, data.validation_share, seed)
    size = scorer.input_size
    patches = UndamagedPatches(
        kept_apart,
        size=size,
        window_sizes=data.window_sizes,
        margin=data.margin,
        augment=False,
        patches_per_epoch=max(roads, 64),
        seed=seed,
    )
    painted, synthetic = painted_roads(patches, roads), synthetic_roads(size, roads)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("comparing settings", total=len(CANDIDATES))
        comparisons = compare_settings(
            scorer.generator, patches, painted, synthetic, progress=lambda: bar.advance(task)
        )
    chosen = best_with_floor(comparisons).settings
    written = save_weights(
        output,
        tensors,
        WeightsRecord(
            record.architecture,
            record.configuration,
            chosen.to_dict() | {"input_size": size},
            record.provenance | ({"configuration": as_dictionary(configuration)} if run.exists() else {}),
        ),
        half_precision=half_precision,
    )
    report = {
        "weights": str(output),
        "sha256": written.sha256,
        "chosen": chosen.to_dict(),
        "comparisons": [asdict(comparison) for comparison in comparisons],
    }
    text = json.dumps(report, indent=2)
    write_atomically(output.with_suffix(".calibration.json"), (text + "\n").encode())
    sys.stdout.write(text + "\n")
    return 0
