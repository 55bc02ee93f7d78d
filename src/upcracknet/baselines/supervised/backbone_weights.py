"""ImageNet weights for the backbones, from a file on the disk."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from upcracknet.errors import WeightsError
from upcracknet.files import one_line

CLASSIFIERS = ("fc.", "classifier.", "head.")
"""What the names of an ImageNet classifier's last layers begin with; a backbone has none."""

SHOWN = 3
"""Misfits that an error names; the others are counted."""


def load_backbone(module: nn.Module, path: Path) -> None:
    """Load ImageNet weights into a backbone.

    Names and shapes must be the backbone's own: a file with more layers is one of another network. Only the
    classifier is ignored; the counters of batch normalisation, which older files lack, may be missing.

    Args:
        module: the backbone, changed in place.
        path: ``.safetensors``, or ``.pth`` with a state dict, of which nothing but tensors is unpickled.

    Raises:
        WeightsError: the file cannot be read, or does not fit; the backbone is then as it was.
    """
    state = {name: value for name, value in _read(path).items() if not name.startswith(CLASSIFIERS)}
    expected = module.state_dict()
    misfits = [
        f"{name} is missing"
        for name in expected
        if name not in state and not name.endswith("num_batches_tracked")
    ]
    for name, value in state.items():
        if name not in expected:
            misfits.append(f"{name} is unknown")
        elif value.shape != expected[name].shape:
            misfits.append(f"{name} is {_size(value)}, not {_size(expected[name])}")
    if misfits:
        more = f" and {len(misfits) - SHOWN} more" if len(misfits) > SHOWN else ""
        raise WeightsError(
            f"{path}: not weights of this backbone: {'; '.join(misfits[:SHOWN])}{more}; "
            "use a file of the same architecture"
        )
    module.load_state_dict(state, strict=False)


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix not in (".safetensors", ".pth"):
        raise WeightsError(
            f"{path}: weights of a backbone are expected in .safetensors or .pth; convert them"
        )
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle leads to errors of any kind
        raise WeightsError(
            f"{path}: the weights cannot be read ({one_line(error)[:100]}); check the path or download them "
            "again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path}: expected a state dict of tensors by name; save the model's state_dict()")
    return state


def _size(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "a single number"
