"""How checkpoints reach the disk: whole or not at all."""

import pickle
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from upcracknet.errors import OutputError, WeightsError


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
        target = Path(path)
        partial = target.with_suffix(".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch.save(checkpoint, partial)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:  # torch tells of a full disk by a RuntimeError
            raise OutputError(
                f"{target}: the checkpoint cannot be written ({_reason(error)}); free some space and run the "
                "same again to resume"
            ) from error

    def load_checkpoint(self, path: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Read a checkpoint.

        Raises:
            WeightsError: it is damaged.
        """
        try:
            return super().load_checkpoint(path, *arguments, **options)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise WeightsError(
                f"{path}: the checkpoint cannot be read ({_reason(error)}); delete it to train from the start"
            ) from error


def _reason(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__
