"""The one recipe that trains: from a configuration to a run folder (Section IV-B)."""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint

from upcracknet.errors import ConfigurationError, OutputError
from upcracknet.training.adversarial_restoration import AdversarialRestoration
from upcracknet.training.callbacks import BestWeights, MetricsFile, RandomState, RestoredSamples, RunProgress
from upcracknet.training.configuration import TrainingConfiguration, dump_configuration
from upcracknet.training.patches import UndamagedPatchData
from upcracknet.training.provenance import environment


def train(
    configuration: TrainingConfiguration,
    run_folder: Path,
    *,
    data_root: Path | None = None,
    devices: int = 1,
    accelerator: str = "auto",
    maximum_minutes: float | None = None,
    tensorboard: bool = False,
    progress: bool = True,
) -> Path:
    """Train UP-CrackNet on undamaged patches, resuming when the run folder holds a checkpoint.

    The run folder receives ``configuration.yaml``, ``run.json`` (code version, libraries, data), ``metrics.jsonl``,
    ``samples/``, ``checkpoints/`` and ``generator.safetensors`` (lowest validation loss so far).

    Args:
        configuration: what to train.
        run_folder: created when missing.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.
        devices: processes that share the batches (data-parallel).
        accelerator: Lightning's name of the accelerator: ``auto``, ``cpu``, ``gpu``.
        maximum_minutes: stop after this time, ready to be resumed; None trains to the end.
        tensorboard: also write TensorBoard events.
        progress: show live progress on stderr.

    Returns:
        Path of the generator's weights.

    Raises:
        ConfigurationError: the run folder holds a run of another configuration.
        DataError: the photos are missing, or hold no undamaged window.
        OutputError: the run folder cannot be written.
    """
    _quiet_libraries()
    torch.set_num_threads(max(1, _usable_cores() // devices))
    lightning.seed_everything(configuration.seed, workers=True, verbose=False)
    data = UndamagedPatchData(configuration, data_root)
    checkpoint = _open_run_folder(run_folder, configuration)
    provenance = environment() | {
        "data": f"{configuration.data.photos}, {configuration.data.split}",
        "training_photos": data.training.photo_count,
        "corruption": configuration.corruption,
        "seed": configuration.seed,
        "optimizer": {"learning_rates": [
            configuration.optimizer.generator_learning_rate, configuration.optimizer.discriminator_learning_rate
        ], "decay": configuration.optimizer.decay, "batch_size": configuration.batch_size},
    }
    (run_folder / "run.json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
    module = AdversarialRestoration(configuration)
    weights = run_folder / "generator.safetensors"
    callbacks: list[Callback] = [
        RandomState(),
        BestWeights(weights, provenance),
        MetricsFile(run_folder / "metrics.jsonl"),
        RestoredSamples(run_folder / "samples", configuration.sample_every),
        EarlyStopping("validation/total", patience=configuration.patience),
        # The latest epoch, complete with what its end changes: the learning rates.
        ModelCheckpoint(
            run_folder / "checkpoints", "last", save_top_k=1, save_on_train_epoch_end=True, enable_version_counter=False
        ),
    ]
    if progress:
        callbacks.append(RunProgress())
    trainer = lightning.Trainer(
        accelerator=accelerator,
        devices=devices,
        strategy="ddp_find_unused_parameters_true" if devices > 1 else "auto",
        precision=_precision(configuration.precision),
        max_epochs=configuration.epochs,
        max_time=None if maximum_minutes is None else {"minutes": maximum_minutes},
        callbacks=callbacks,
        logger=_tensorboard(run_folder) if tensorboard else False,
        default_root_dir=run_folder,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=1,
    )
    trainer.fit(_channels_last(module), datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return weights


def _open_run_folder(run_folder: Path, configuration: TrainingConfiguration) -> Path | None:
    """Create the folder, or check that it belongs to this configuration; returns the checkpoint to resume from."""
    text, path = dump_configuration(configuration), run_folder / "configuration.yaml"
    last = run_folder / "checkpoints" / "last.ckpt"
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        if last.exists() and path.exists() and _resumable(path.read_text(encoding="utf-8")) != _resumable(text):
            raise ConfigurationError(
                f"{run_folder}: holds a run of another configuration; choose another folder, or delete this one"
            )
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{run_folder}: cannot be written ({error.strerror}); choose a writable folder") from error
    return last if last.exists() else None


def _resumable(text: str) -> list[str]:
    # More epochs or more patience continue a run; they do not change what it has done so far.
    return [line for line in text.splitlines() if not line.startswith(("epochs:", "patience:", "workers:", "sample_every:"))]


def _precision(choice: Literal["auto", "bf16", "32"]) -> Any:
    if choice == "auto":
        fast = torch.cuda.is_available() or getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        choice = "bf16" if fast else "32"
    return "bf16-mixed" if choice == "bf16" else "32-true"


def _channels_last(module: AdversarialRestoration) -> AdversarialRestoration:
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tensorboard(run_folder: Path) -> Any:
    from pytorch_lightning.loggers import TensorBoardLogger

    return TensorBoardLogger(run_folder, name="tensorboard", version="")


def _quiet_libraries() -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    # Few workers are on purpose: drawing patches takes a small part of a step.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*not have the `IterableDataset`.*")
