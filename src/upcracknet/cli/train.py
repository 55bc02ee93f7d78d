"""``upcracknet train``: one command from undamaged photos to a restorer."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from upcracknet.cli.console import print_json
from upcracknet.detection.systems import TRAINABLE
from upcracknet.errors import ConfigurationError, UpCrackNetError


def train(
    configuration: Path | None = None,
    /,
    *overrides: str,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    photos: str | None = None,
    corrections: tuple[Path, ...] = (),
    data_root: Path | None = None,
    devices: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    nodes: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    device: str = "auto",
    maximum_minutes: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
    tensorboard: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Train UP-CrackNet on undamaged road photos, or any other method.

    A folder of photos without masks is taken to be undamaged; photos with masks
    are mined for undamaged windows, but for the supervised networks, which learn
    the masks. The same command again resumes an interrupted run. Use the result
    with `upcracknet detect PHOTOS --model RUN`.

    For example:

        upcracknet train configs/own-road.yaml --photos crack-free/ -o runs/mine

        upcracknet train configs/corrected.yaml --corrections out -o runs/corrected

        upcracknet train configs/paper.yaml -o runs/paper --data-root ~/crack-data

        upcracknet train configs/paper.yaml epochs=50 batch_size=4 -o runs/short

        upcracknet train unet --photos deepcrack -o runs/unet

    Args:
        configuration: YAML file, or the name of a method of `upcracknet methods` with its published values;
            without it UP-CrackNet with the paper's.
        overrides: dotted keys and values that replace those of the file, such as epochs=50.
        output: run folder for weights, checkpoints, metrics and pictures.
        photos: folder or dataset to learn from; the same as the override data.photos=….
        corrections: result folder whose corrections the default model's training learns from as well; may
            be given several times.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
        devices: processes of this machine that share the work.
        nodes: machines that share the work; torchrun or Slurm starts the processes on each.
        device: where to compute: auto, cpu, cuda, cuda:1 or mps.
        maximum_minutes: stop before the epoch that would pass this time, ready to be resumed.
        tensorboard: also write TensorBoard events.
    """
    try:
        from upcracknet.training.configuration import load_configuration
        from upcracknet.training.recipe import train as run_training
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise UpCrackNetError("training needs more packages; run: pip install 'upcracknet[train]'") from error
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    if configuration is not None and not configuration.exists():
        if "=" in str(configuration):
            overrides, configuration = (str(configuration), *overrides), None
        elif str(configuration) in TRAINABLE:
            overrides, configuration = (f"method={configuration}", *overrides), None
    wrong = [text for text in overrides if "=" not in text]
    if wrong:
        raise ConfigurationError(f"{', '.join(wrong)}: expected KEY=VALUE, such as epochs=50")
    values = dict(text.split("=", 1) for text in overrides)
    if photos is not None:
        # Quoted, as YAML takes a folder named 2024-05-01 for a date.
        values["data.photos"] = json.dumps(photos, ensure_ascii=False)
    if corrections:
        values["corrections.results"] = json.dumps([str(folder) for folder in corrections])
    weights = run_training(
        load_configuration(configuration, values),
        output,
        data_root=data_root,
        devices=devices,
        nodes=nodes,
        device=device,
        maximum_minutes=maximum_minutes,
        tensorboard=tensorboard,
    )
    # The other processes of a parallel run come here too.
    rank_zero_only(print_json)({"run": str(output), "weights": str(weights)})
    return 0
