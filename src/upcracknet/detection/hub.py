"""A model as a folder for a model hub: its weights, what other programs ask about it, and a model card."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from safetensors.torch import load_file

from upcracknet import __version__
from upcracknet.detection.pretrained import HUB_WEIGHTS
from upcracknet.errors import ConfigurationError
from upcracknet.files import json_bytes, write_atomically
from upcracknet.parsing import parse_json
from upcracknet.weights import WeightsRecord, save_weights

CONFIGURATION, CARD = "config.json", "README.md"
LIBRARY = "upcracknet"
TAGS = ["road", "pavement", "crack-detection", "anomaly-detection", LIBRARY]
MEASURES = {"iou": "IoU", "precision": "precision", "recall": "recall", "f1": "F1"}


def hub_problems(folder: Path) -> list[str]:
    """List why a folder cannot be written, each as a sentence that says what to do."""
    if folder.is_file() or folder.suffix in (".onnx", ".xml", ".safetensors"):
        return [f"{folder}: --for hub writes a folder; give the name of one"]
    taken = [name for name in (HUB_WEIGHTS, CONFIGURATION, CARD) if (folder / name).exists()]
    if taken and not _is_ours(folder / CONFIGURATION):
        return [f"{folder}: has {', '.join(taken)} of something else; give an empty folder"]
    return []


def export_for_hub(
    model: str, weights: Path, record: WeightsRecord, folder: Path, *, preset: str | None,
    license_name: str | None,
) -> list[str]:  # fmt: skip
    """Write ``config.json``, ``model.safetensors`` and ``README.md``; the tensors stay as they are.

    Args:
        model: as the user names it.
        weights: the file of its weights.
        record: what to keep with them.
        folder: made if missing.
        preset: detection settings that the record cannot hold; there must be none.
        license_name: identifier of the licence; None where its maker has to choose one.

    Returns:
        what to do before it is published, in sentences.

    Raises:
        ConfigurationError: a preset that the record cannot hold.
        OutputError: the folder cannot be written.
    """
    if preset is not None:
        raise ConfigurationError(
            f"--preset {preset} cannot be kept with the weights; leave it out, and give it to `detect`"
        )
    name = Path(model).stem
    tensors = load_file(str(weights))
    kept = save_weights(folder / HUB_WEIGHTS, tensors, record)
    configuration = {
        "library_name": LIBRARY,
        "library_version": __version__,
        "architectures": [record.architecture],
        "configuration": record.configuration,
        "detection": record.detection,
        "license": license_name or "unknown",
        "weights_sha256": kept.sha256,
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
    }
    write_atomically(folder / CONFIGURATION, json_bytes(configuration))
    write_atomically(folder / CARD, _card(name, kept, configuration).encode())
    notes = ["The weights keep what the model learned from, folders included: see `provenance` in them."]
    if license_name is None:
        notes.append(f"Choose a licence: write it in {CARD} and {CONFIGURATION} in place of `unknown`.")
    return notes


def _card(name: str, record: WeightsRecord, configuration: dict[str, Any]) -> str:
    """The model card; figures are those measured for exactly these weights, else there are none."""
    known = _known_cards().get(record.sha256)
    front: dict[str, Any] = {
        "license": configuration["license"],
        "library_name": LIBRARY,
        "pipeline_tag": "image-segmentation",
        "tags": TAGS,
    }
    if known:
        front |= {"metrics": list(MEASURES), "model-index": [{"name": name, "results": _results(known)}]}
    source = files("upcracknet.detection").joinpath("model_card.md.jinja").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - Markdown
    return (
        environment.from_string(source).render(
            front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True),
            name=name,
            record=record,
            configuration=configuration,
            known=known,
            measures=MEASURES,
        )
        + "\n"
    )


def _results(known: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures as model hubs read them, in per cent."""
    return [
        {
            "task": {"type": "image-segmentation"},
            "dataset": {"type": found["dataset"].lower(), "name": found["dataset"], "split": "test"},
            "metrics": [
                {"type": kind, "value": found[kind], "name": f"{title} in per cent"}
                for kind, title in MEASURES.items()
            ],
        }
        for found in known["figures"]
    ]


def _known_cards() -> dict[str, Any]:
    """What was measured of the shipped models, by the checksum of their tensors."""
    text = files("upcracknet").joinpath("pretrained/cards.json").read_text(encoding="utf-8")
    cards: dict[str, Any] = json.loads(text)
    return cards


def _is_ours(path: Path) -> bool:
    try:
        return bool(parse_json(path.read_bytes())["library_name"] == LIBRARY)
    except (OSError, ValueError, KeyError, TypeError):
        return False
