"""``upcracknet methods``: what can be trained and run."""

import json
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from upcracknet.detection.methods import methods as all_methods

NOT_GIVEN = "–"


def methods() -> int:
    """List every method: ours, the paper's, and those it is compared with.

    Parameters are those of the network that detects, multiply-accumulates those of an image of 256×256
    pixels, all passes and scales together. Classical methods run at once, such as `detect --model sauvola`;
    the others are trained first, such as `train unet -o runs/unet`, and then run by their folder. The table
    goes to the terminal (standard error), the JSON to standard output.
    """
    listed: list[dict[str, Any]] = [
        {
            "name": method.name,
            "title": method.title,
            "learns_from": None if method.kind == "classical" else method.kind,
            "parameters": method.parameters,
            "multiply_accumulates": method.multiplications,
        }
        for method in all_methods().values()
    ]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "in tables", "learns from"):
        table.add_column(column)
    for column in ("10⁶ parameters", "GMAC"):
        table.add_column(column, justify="right")
    for method in listed:
        table.add_row(
            *(method["name"], method["title"], method["learns_from"] or "nothing"),
            *(_figure(method["parameters"], 1e6), _figure(method["multiply_accumulates"], 1e9)),
        )
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
    return 0


def _figure(value: float | int | None, unit: float) -> str:
    return NOT_GIVEN if value is None else f"{value / unit:.2f}"
