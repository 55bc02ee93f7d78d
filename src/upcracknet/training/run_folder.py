"""The folder of a training run: who may write there, what it began with, and how it goes on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from lightning_fabric.utilities.rank_zero import rank_zero_only

from upcracknet.detection.systems import SYSTEMS, TRAINABLE
from upcracknet.errors import ConfigurationError, OutputError
from upcracknet.files import json_bytes, write_atomically
from upcracknet.locks import claimed
from upcracknet.parsing import parse_json
from upcracknet.training.configuration import Configuration, dump_configuration, load_configuration


def open_run_folder(run_folder: Path, configuration: Configuration, facts: Mapping[str, Any]) -> Path | None:
    """Make the folder, or check that it holds a run of this configuration and data.

    Args:
        run_folder: the folder.
        configuration: of the run.
        facts: what is known of its photos.

    Returns:
        the checkpoint that the run goes on from; None at its beginning.

    Raises:
        ConfigurationError: it holds another run, or weights that would be lost.
    """
    path, last = run_folder / "configuration.yaml", run_folder / "checkpoints" / "last.ckpt"
    run_folder.mkdir(parents=True, exist_ok=True)
    different = _differences(load_configuration(path), configuration) if path.exists() else []
    if not last.exists():
        trained = [name for name in _weights_files() if (run_folder / name).exists()]
        if trained and (different or not path.exists() or _is_finished(run_folder)):
            raise ConfigurationError(
                f"{run_folder}: holds {trained[0]}, and no checkpoint to go on from; choose another folder, "
                "or delete this one"
            )
        return None
    if different:
        raise ConfigurationError(
            f"{run_folder}: holds a run of another configuration (different: {', '.join(different)}); choose "
            "another folder, or delete this one"
        )
    before = _recorded(run_folder).get("photos_sha256")
    if before is not None and before != facts.get("photos_sha256"):
        # Photos that were kept apart would be learned from, and losses of different photos compared.
        raise ConfigurationError(
            f"{run_folder}: the photos are not those that this run began with; put them back, or choose "
            "another folder"
        )
    return last


def _weights_files() -> set[str]:
    return {SYSTEMS[name].weights_file for name in TRAINABLE}


def _is_finished(run_folder: Path) -> bool:
    """Whether a run came to its end; one without a note of that did, as nobody knows."""
    return bool(_recorded(run_folder).get("finished", True))


def _recorded(run_folder: Path) -> dict[str, Any]:
    """What a run noted of itself; nothing where that cannot be read."""
    try:
        found = parse_json((run_folder / "run.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _differences(before: Configuration, now: Configuration) -> list[str]:
    """Keys that may not change in a resumed run."""
    if type(before) is not type(now):
        return ["method"]
    pairs = [(field.name, getattr(before, field.name), getattr(now, field.name)) for field in fields(now)]
    return [name for name, old, new in pairs if name not in now.free_when_resumed and old != new]


@contextmanager
def claimed_run(run_folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder; of a parallel run the first process does.

    Raises:
        OutputError: another run is at work there.
    """
    if getattr(rank_zero_only, "rank", 0):
        yield
        return
    with claimed(run_folder / ".upcracknet" / "lock") as holder:
        if holder is not None:
            raise OutputError(f"{run_folder}: {holder}; wait for it, or choose another folder")
        yield


@rank_zero_only  # the other processes of a parallel run come here too
def write_records(
    run_folder: Path, configuration: Configuration, provenance: dict[str, Any], *, finished: bool
) -> None:
    """Write the configuration, and what is known of the run and its photos.

    Raises:
        OutputError: they cannot be written.
    """
    write_atomically(run_folder / "configuration.yaml", dump_configuration(configuration).encode())
    write_atomically(run_folder / "run.json", json_bytes(provenance | {"finished": finished}))
