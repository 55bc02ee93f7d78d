"""Speed of training on this machine, with the authors' two passes a step as the partner.

python benchmarks/training_speed.py          # minutes; prints what ``make bench`` keeps in speed.json
python benchmarks/training_speed.py cuda 16  # on a graphics card, in batches of 16
"""

import contextlib
import io
import json
import logging
import statistics
import sys
import time
from typing import Any

import pytorch_lightning as lightning
import torch
from machine import ROUNDS, processor, use_all_cores
from torch.utils.data import DataLoader

from upcracknet.data.synthetic import synthesize_road
from upcracknet.runtime import has_bfloat16
from upcracknet.training.configuration import NetworkConfiguration, TrainingConfiguration
from upcracknet.training.up_cracknet import AdversarialRestoration


class TwoPasses(AdversarialRestoration):
    def _update_discriminator(self, corrupted, originals, restored, optimizer):  # type: ignore[no-untyped-def]
        return super()._update_discriminator(corrupted, originals, self.generator(corrupted), optimizer)


class Steps(lightning.Callback):
    def __init__(self) -> None:
        self.seconds, self.losses, self.start = [], [], 0.0

    def on_train_batch_start(self, *_: object) -> None:
        self.start = time.perf_counter()

    def on_train_batch_end(self, trainer: Any, *_: object) -> None:
        loss = float(trainer.callback_metrics["train/total"])  # waits until a card is done
        self.seconds.append(time.perf_counter() - self.start)
        self.losses.append(loss)


def training(device: str = "cpu", batch: int = 4) -> dict[str, Any]:
    """Images a second of UP-CrackNet, and its loss; the authors' code restores twice a step."""
    on_a_card = device != "cpu"
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    images = torch.stack(
        [
            torch.from_numpy(synthesize_road(seed, 256, 256).undamaged).permute(2, 0, 1).float() / 255
            for seed in range(40)
        ]
    )

    def run(name: str, filters: int, batch: int, steps: int, seed: int = 0) -> Steps:
        kind, precision = kinds[name]
        torch.manual_seed(seed)
        configuration = TrainingConfiguration(
            networks=NetworkConfiguration(filters, 8, filters), batch_size=batch, seed=seed
        )
        watch = Steps()
        repeated = images.repeat(-(-steps * batch // len(images)), 1, 1, 1)[: steps * batch]
        trainer = lightning.Trainer(
            max_epochs=1, accelerator=device, devices=1, logger=False, callbacks=[watch],
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0, precision=precision,
        )  # fmt: skip
        model = kind(configuration)
        if kind is AdversarialRestoration:  # as the recipe does
            model.to(memory_format=torch.channels_last)
        original = model.log_dict
        model.log_dict = lambda values, **how: original(values, **how | {"on_step": True, "on_epoch": False})  # type: ignore[method-assign]
        with contextlib.redirect_stderr(io.StringIO()):
            trainer.fit(model, DataLoader(repeated, batch_size=batch))
        return watch

    kinds: dict[str, tuple[type[AdversarialRestoration], Any]] = {
        "authors' two passes, fp32": (TwoPasses, "32-true"),
        "one pass, fp32": (AdversarialRestoration, "32-true"),
    }
    if on_a_card or has_bfloat16():
        kinds["one pass, bf16 (the default here)"] = (AdversarialRestoration, "bf16-mixed")
    rounds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name in kinds:
            steps = run(name, 64, batch, 60 if on_a_card else 6).seconds
            rounds[name].append(batch / statistics.median(steps[len(steps) // 6 :]))
    first = next(iter(rounds.values()))
    ratios = {name: [b / a for a, b in zip(first, values, strict=True)] for name, values in rounds.items()}
    curves = {name: [run(name, 8, 4, 200, seed).losses for seed in range(2)] for name in kinds}
    return {
        "what": f"64 filters, batches of {batch}, 256×256",
        "where": torch.cuda.get_device_name() if on_a_card else processor(),
        "images_per_second": {name: round(statistics.median(v), 2) for name, v in rounds.items()},
        "times_reference": {name: round(statistics.median(v), 2) for name, v in ratios.items()},
        "times_reference_range": {name: [round(min(v), 2), round(max(v), 2)] for name, v in ratios.items()},
        "loss_of_the_last_50_of_200_steps": {
            name: [round(statistics.mean(losses[-50:]), 4) for losses in runs]
            for name, runs in curves.items()
        },
    }


if __name__ == "__main__":
    use_all_cores()
    place, size = [*sys.argv[1:], *("cpu", "4")[len(sys.argv) - 1 :]]
    print(json.dumps(training(place, int(size)), indent=2, ensure_ascii=False))
