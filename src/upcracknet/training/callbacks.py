"""What a run leaves behind and shows: metrics, pictures, weights, progress; and when it stops."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningModule, Trainer, callbacks
from pytorch_lightning.callbacks import Callback, ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.utils.data import default_collate

from upcracknet.data.photo import save_image_atomically
from upcracknet.files import write_atomically
from upcracknet.training.method import Method
from upcracknet.weights import save_weights


def images_in(batch: Any) -> int:
    """Count the images of a batch, which is a tensor or a tuple of them."""
    return len(batch if isinstance(batch, Tensor) else batch[0])


class EarlyStopping(callbacks.EarlyStopping):
    """Stops when the validation loss has not fallen for some epochs, and stays stopped when run again.

    The patience is the configuration's; Lightning's own goes on with the patience stored in the checkpoint.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing more when the patience was used up before."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


class TimeLimit(Callback):
    """Stops between epochs, before the one that would pass the limit: a resumed run then repeats nothing.

    The clock starts with each process; a resumed run has the whole time again.

    Attributes:
        stopped: whether epochs were left when the limit was reached.
    """

    def __init__(self, minutes: float) -> None:
        self.seconds = 60 * minutes
        self.stopped = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the time that is limited."""
        self.started, self.epochs = time.perf_counter(), 0

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop all processes together, if another epoch would pass the limit."""
        self.epochs += 1
        elapsed = time.perf_counter() - self.started
        passes = elapsed * (self.epochs + 1) / self.epochs > self.seconds
        if trainer.strategy.reduce_boolean_decision(passes, all=False):
            trainer.should_stop = True
            self.stopped = trainer.current_epoch + 1 < (trainer.max_epochs or 0)


class MetricsFile(Callback):
    """Appends one line of JSON an epoch to ``metrics.jsonl``: losses, learning rates, images a second."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drop the lines of epochs that will be trained again, those of a killed run."""
        if not trainer.is_global_zero or not self.path.exists():
            return
        lines = self.path.read_bytes().splitlines(keepends=True)  # not read: one of them may be damaged
        write_atomically(self.path, b"".join(lines[: trainer.current_epoch]))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the epoch's time and count of images."""
        self.started, self.images = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the images and their time, in which validation has no part."""
        self.images += images_in(batch) * trainer.world_size
        self.seconds = time.perf_counter() - self.started

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the line; validation has run by now."""
        if not trainer.is_global_zero:
            return
        record: dict[str, Any] = {"epoch": trainer.current_epoch + 1}
        record["seconds"] = round(time.perf_counter() - self.started, 3)
        record["images_per_second"] = round(self.images / self.seconds, 2)
        record["learning_rates"] = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers]
        record |= {name: round(float(value), 6) for name, value in sorted(trainer.callback_metrics.items())}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")


class RestoredSamples(Callback):
    """Every n epochs, a picture of held-out patches: what goes in, and what comes out."""

    def __init__(self, folder: Path, every: int, columns: int = 6) -> None:
        self.folder, self.every, self.columns = folder, every, columns

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write ``epoch-NNNN.png``."""
        epoch = trainer.current_epoch + 1
        if trainer.sanity_checking or not trainer.is_global_zero or (epoch % self.every and epoch != 1):
            return
        patches = trainer.datamodule.validation  # type: ignore[attr-defined]
        count = min(self.columns, len(patches))
        batch = pl_module.transfer_batch_to_device(
            default_collate([patches[i] for i in range(count)]), pl_module.device, 0
        )
        assert isinstance(pl_module, Method)
        with torch.no_grad():
            rows = pl_module.pictures(batch)
        grid = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
        picture = (grid.clamp(0, 1).permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
        save_image_atomically(self.folder / f"epoch-{epoch:04d}.png", picture)


class BestWeights(Callback):
    """Writes the weights whenever the validation loss is the lowest so far."""

    def __init__(self, path: Path, provenance: dict[str, Any]) -> None:
        self.path, self.provenance, self.best = path, provenance, float("inf")

    def state_dict(self) -> dict[str, Any]:
        """Keep the lowest loss so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the lowest loss so far."""
        self.best = state_dict["best"]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the weights if their loss is the lowest so far."""
        loss = float(trainer.callback_metrics["validation/total"])
        if trainer.sanity_checking or not loss < self.best:
            return
        self.best = loss
        if not trainer.is_global_zero:
            return
        assert isinstance(pl_module, Method)
        epochs, patches = trainer.current_epoch + 1, trainer.datamodule.training  # type: ignore[attr-defined]
        batches = trainer.num_training_batches * trainer.world_size
        batch_size = trainer.datamodule.configuration.batch_size  # type: ignore[attr-defined]
        images = min(batches * batch_size, len(patches))  # a lone batch may not be full
        budget = {"epoch": epochs, "validation_loss": round(loss, 6), "images_seen": epochs * images}
        record = pl_module.weights_record(self.provenance | budget)
        save_weights(self.path, pl_module.trained_network().state_dict(), record)


class RunProgress(ProgressBar):
    """One line on stderr: epoch, losses, images a second, time left of the whole run."""

    def __init__(self) -> None:
        super().__init__()
        quiet = logging.getLogger("upcracknet").getEffectiveLevel() >= logging.ERROR
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True, quiet=quiet),
        )

    def disable(self) -> None:
        """Show nothing, as on all processes but the first."""
        self._progress.disable = True

    def enable(self) -> None:
        """Show progress."""
        self._progress.disable = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the display."""
        total = (trainer.max_epochs or 0) * trainer.num_training_batches
        done = trainer.current_epoch * trainer.num_training_batches
        self._task = self._progress.add_task("training", total=total, completed=int(done), status="")
        self._progress.start()
        self._clock, self._seen = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Show one more batch, the speed and the latest validation loss."""
        self._seen += images_in(batch) * trainer.world_size
        rate = self._seen / (time.perf_counter() - self._clock)
        loss = trainer.callback_metrics.get("validation/total")
        validation = "" if loss is None else f" · validation loss {float(loss):.4f}"
        self._progress.update(
            self._task,
            advance=1,
            description=f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}",
            status=f"{rate:.1f} images/s{validation}",
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the display."""
        self._progress.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the display, so that the error stands on a line of its own."""
        if self._progress.live.is_started:
            self._progress.stop()
