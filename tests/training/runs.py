"""What a run of training leaves, read for tests."""

import json
from pathlib import Path

import torch


def metrics_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def state_of(run: Path) -> dict:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
