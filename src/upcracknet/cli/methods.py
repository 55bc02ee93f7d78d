"""``upcracknet methods``: what can be trained and run."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from upcracknet.cli.console import error_console, print_json
from upcracknet.detection.cost import multiply_accumulates, parameters
from upcracknet.detection.systems import SYSTEMS


def methods() -> int:
    """List every method: ours, the paper's, and those it is compared with.

    Parameters are those of the network that detects, multiply-accumulates those of an image of 256×256
    pixels, all passes and scales together. Classical methods run at once, such as `detect --model sauvola`;
    the others are trained first, such as `train unet -o runs/unet`, and then run by their folder. The table
    goes to the terminal (standard error), the JSON to standard output.
    """
    listed: list[dict[str, Any]] = [
        {
            "name": system.name,
            "title": system.title,
            "learns_from": system.learns_from,
            "parameters": parameters(system),
            "multiply_accumulates": multiply_accumulates(system),
        }
        for system in SYSTEMS.values()
    ]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "in tables", "learns from"):
        table.add_column(column)
    for column in ("10⁶ parameters", "GMAC"):
        table.add_column(column, justify="right")
    for row in listed:
        table.add_row(
            *(row["name"], row["title"], row["learns_from"] or "nothing"),
            *(_figure(row["parameters"], 1e6), _figure(row["multiply_accumulates"], 1e9)),
        )
    error_console().print(table)
    print_json(listed)
    return 0


def _figure(value: int | None, unit: float) -> str:
    return "–" if value is None else f"{value / unit:.2f}"
