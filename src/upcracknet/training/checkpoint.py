"""What an interrupted run goes on from: checkpoints that are whole, with the state of all random numbers."""

import random
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.plugins.io import TorchCheckpointIO

from upcracknet.errors import OutputError, WeightsError
from upcracknet.files import replacing


class CheckpointFiles(TorchCheckpointIO):
    """Replaces a checkpoint in one step, so that a killed run or a full disk leaves the one before.

    Lightning's own way moves the file from the system's temporary folder, which on another disk is a copy
    that can be cut short.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint beside its place, then move it there.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            with replacing(path) as partial:
                torch.save(checkpoint, partial)
        except (OutputError, RuntimeError) as error:  # torch raises a RuntimeError on a full disk
            reason = error.__cause__ if isinstance(error, OutputError) and error.__cause__ else error
            raise OutputError(
                f"{path}: the checkpoint cannot be written ({_first_line(reason)}); free some space and run "
                "the same again to resume"
            ) from error

    def load_checkpoint(self, path: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Read a checkpoint.

        Raises:
            WeightsError: it is damaged.
        """
        try:
            found: dict[str, Any] = super().load_checkpoint(path, *arguments, **options)
            missing = {"state_dict", "optimizer_states", "pytorch-lightning_version"} - set(found)
        except Exception as error:  # a damaged pickle leads to errors of any kind
            raise WeightsError(
                f"{path}: the checkpoint cannot be read ({_first_line(error)}); delete it to train "
                "from the start"
            ) from error
        if missing:
            raise WeightsError(
                f"{path}: no checkpoint of a training (without {', '.join(sorted(missing))}); delete it to "
                "train from the start"
            )
        return found


def _first_line(error: BaseException) -> str:
    """What torch says, without the frames of its stack."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


class RandomState(Callback):
    """Stores the state of the random generators in checkpoints: a resumed run draws the same dropout."""

    def state_dict(self) -> dict[str, Any]:
        """Take the state of the generators."""
        name, keys, *rest = np.random.get_state()  # noqa: NPY002 - the global one is what counts
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
            "numpy": [str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest],
            "python": random.getstate(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember a stored state; it is restored when the first epoch begins."""
        self._restored = state_dict

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Restore the state after everything that start-up itself draws."""
        state = self.__dict__.pop("_restored", None)
        if state is not None:
            torch.set_rng_state(state["torch"])
            if state.get("cuda") is not None and torch.cuda.is_available():
                torch.cuda.set_rng_state(state["cuda"])
            name, keys, *rest = state["numpy"]
            np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
            version, internal, gauss = state["python"]
            random.setstate((version, tuple(internal), gauss))
