"""The one recipe that trains: from a configuration to a run folder (Section IV-B)."""

import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException

from upcracknet.detection.systems import SYSTEMS, imported
from upcracknet.errors import ConfigurationError, OutputError
from upcracknet.files import one_line
from upcracknet.runtime import choose_device, has_bfloat16
from upcracknet.runtime.device import exact_convolutions
from upcracknet.training.callbacks import (
    BestWeights,
    EarlyStopping,
    MetricsFile,
    RestoredSamples,
    RunProgress,
    TimeLimit,
)
from upcracknet.training.checkpoint import CheckpointFiles, RandomState
from upcracknet.training.configuration import (
    Configuration,
    as_dictionary,
)
from upcracknet.training.method import Method
from upcracknet.training.patches import PatchData
from upcracknet.training.provenance import environment
from upcracknet.training.run_folder import claimed_run, open_run_folder, write_records


def train(
    configuration: Configuration,
    run_folder: Path,
    *,
    data_root: Path | None = None,
    devices: int = 1,
    nodes: int = 1,
    device: str = "auto",
    maximum_minutes: float | None = None,
    threads: int | None = None,
    tensorboard: bool = False,
    progress: bool = True,
) -> Path:
    """Train a system on the patches that it learns from, resuming when the run folder holds a checkpoint.

    The run folder receives ``configuration.yaml``, ``run.json`` (code version, libraries, data, features of
    the style loss, whether it is ``finished``), ``metrics.jsonl``, ``samples/``, ``checkpoints/`` and the
    weights of the lowest validation loss so far, named as the system's row says: ``generator.safetensors``
    of UP-CrackNet.

    Args:
        configuration: what to train; its ``method`` names the system.
        run_folder: created when missing.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.
        devices: processes of this machine that share the batches (data-parallel).
        nodes: machines that share them; on each, torchrun or Slurm starts the processes.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, or ``auto`` for the best that Lightning finds.
        maximum_minutes: stop before the epoch that would pass this time, ready to be resumed; one epoch is
            trained in any case. None trains to the end.
        threads: of the processor; None takes all of its cores. Trainings side by side must share them:
            threads of one that wait for each other hold up those of the others.
        tensorboard: also write TensorBoard events.
        progress: show live progress on stderr.

    Returns:
        path of the weights.

    Raises:
        ConfigurationError: the run folder holds a run of another configuration or of more epochs, the
            device is not there, or the validation loss was never finite.
        DataError: the photos are missing, or hold no undamaged window.
        OutputError: the run folder is in use or cannot be written, or the disk is full.
        WeightsError: VGG-19's weights are chosen but cannot be had, or the checkpoint is damaged.
        KeyboardInterrupt: interrupted by the user; the same call goes on after the last whole epoch.
    """
    accelerator, places = lightning_device(device, devices)
    with quiet_libraries(), _one_line_errors(run_folder), ExitStack() as claims:
        torch.set_num_threads(threads or threads_of_each(devices))
        lightning.seed_everything(configuration.seed, workers=True, verbose=False)
        system = SYSTEMS[configuration.method]
        data: PatchData = imported(system.patches)(configuration, data_root)
        method: Method = imported(system.method)(configuration)
        weights = run_folder / system.weights_file
        claims.enter_context(claimed_run(run_folder))
        checkpoint = open_run_folder(run_folder, configuration, data.facts)
        provenance = environment(device) | method.facts() | data.facts
        provenance |= {"seed": configuration.seed, "devices": devices * nodes}
        provenance["training_photos"] = data.training.photo_count
        provenance["configuration"] = as_dictionary(configuration)
        write_records(run_folder, configuration, provenance, finished=False)
        callbacks: list[Callback] = [
            RandomState(),
            BestWeights(weights, provenance),
            MetricsFile(run_folder / "metrics.jsonl"),
            RestoredSamples(run_folder / "samples", configuration.sample_every),
            # A loss that is no number counts as no better: else one would end the run as if it were done.
            EarlyStopping("validation/total", patience=configuration.patience, check_finite=False),
            # The latest epoch, complete with what its end changes: the learning rates.
            ModelCheckpoint(
                run_folder / "checkpoints",
                "last",
                save_top_k=1,
                save_on_train_epoch_end=True,
                enable_version_counter=False,
            ),
        ]
        limit = None if maximum_minutes is None else TimeLimit(maximum_minutes)
        if limit is not None:
            callbacks.append(limit)
        if progress:
            callbacks.append(RunProgress())
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=places,
            num_nodes=nodes,
            strategy="ddp_find_unused_parameters_true" if devices * nodes > 1 else "auto",
            precision="bf16-mixed" if in_16_bits(configuration, device) else "32-true",
            max_epochs=configuration.epochs,
            callbacks=callbacks,
            plugins=[CheckpointFiles()],
            logger=_tensorboard(run_folder) if tensorboard else False,
            default_root_dir=run_folder,
            enable_progress_bar=progress,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            log_every_n_steps=1,
        )
        method.to(memory_format=torch.channels_last)
        try:
            with exact_convolutions():  # SSIM's, in 32 bits, are small differences of large numbers
                trainer.fit(method, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        except RuntimeError as error:
            # A signal to a whole group ends the loaders as well, and PyTorch may notice that first.
            if trainer.received_sigterm:
                raise SystemExit(128 + signal.SIGTERM) from error
            raise
        write_records(run_folder, configuration, provenance, finished=limit is None or not limit.stopped)
    if not weights.exists():
        raise ConfigurationError(
            f"{run_folder}: the validation loss was never finite; lower the learning rates of `optimizer`"
        )
    return weights


@contextmanager
def _one_line_errors(run_folder: Path) -> Iterator[None]:
    """Raise this package's errors, KeyboardInterrupt on Ctrl-C, and exit code 143 on SIGTERM."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SIGTERMException as error:  # of Lightning, whose exit code would be that of success
        raise SystemExit(128 + signal.SIGTERM) from error
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, on_interrupt)  # Lightning leaves it ignored
        raise KeyboardInterrupt from error
    except MisconfigurationException as error:
        raise ConfigurationError(f"{run_folder}: cannot be trained so: {one_line(error)}") from error
    except OSError as error:
        raise OutputError(
            f"{run_folder}: cannot be written ({one_line(error)}); choose a writable folder, or free "
            "some space"
        ) from error


def lightning_device(device: str, devices: int) -> tuple[str, int | list[int]]:
    """Give Lightning's words for a device: the accelerator, and how many of it, or which."""
    chosen = choose_device(device)
    if ":" not in device:
        return chosen.type, devices
    if devices > 1:
        raise ConfigurationError(f"device {device} is one card; take --device cuda for {devices} of them")
    return chosen.type, [chosen.index]


def in_16_bits(configuration: Configuration, device: str) -> bool:
    """Tell whether a training calculates in bf16 where that is exact enough."""
    if configuration.precision == "auto":
        chosen = choose_device(device)
        if chosen.type == "cuda":
            with torch.cuda.device(chosen):
                return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        return chosen.type == "cpu" and has_bfloat16()
    return configuration.precision == "bf16"


def usable_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of_each(processes: int) -> int:
    """Share the cores among processes; none gets more threads than ``OMP_NUM_THREADS`` allows it."""
    share, allowed = max(1, usable_cores() // processes), os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(allowed)) if allowed.isdecimal() and int(allowed) else share


def _tensorboard(run_folder: Path) -> Any:
    from pytorch_lightning.loggers import TensorBoardLogger

    return TensorBoardLogger(run_folder, name="tensorboard", version="")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep back what Lightning says of choices that are on purpose."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Few workers are on purpose: drawing patches takes a small part of a step.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # They begin anew each epoch in a spawned process, and are forked elsewhere.
        warnings.filterwarnings("ignore", message=".*Consider setting `persistent_workers.*")
        # A resumed run writes where it wrote before.
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        # Lightning's own use of torch.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        yield
