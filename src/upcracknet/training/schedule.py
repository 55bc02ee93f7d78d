"""What every training run is told about its steps, whatever the method."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a method is trained, and how.

    Attributes:
        batch_size: images a step.
        epochs: most epochs.
        patience: epochs without a better validation loss before training stops.
        precision: ``auto`` is bf16 autocast where the processor has it, else 32-bit.
        sample_every: epochs between pictures of the validation.
        workers: processes that prepare images; 0 prepares them between the steps.
        seed: seed of everything random.
    """

    batch_size: int = 8
    epochs: int = 200
    patience: int = 20
    precision: Literal["auto", "bf16", "32"] = "auto"
    sample_every: int = 10
    workers: int = 1
    seed: int = 0

    def schedule_requirements(self, smallest_batch: int = 1) -> dict[str, bool]:
        """Sentences about the values, and whether each holds.

        Args:
            smallest_batch: fewest images that the network can learn from in a step.
        """
        return {
            f"`batch_size` must be ≥ {smallest_batch}": self.batch_size >= smallest_batch,
            "`epochs` must be ≥ 1": self.epochs >= 1,
            "`patience` must be ≥ 1": self.patience >= 1,
            "`sample_every` must be ≥ 1": self.sample_every >= 1,
            "`workers` must be ≥ 0": self.workers >= 0,
            "`seed` must lie between 0 and 4294967295": 0 <= self.seed < 2**32,
        }
