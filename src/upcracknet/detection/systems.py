"""Every system that this package runs, one row a system; its code is imported when it is used.

To add a system, write a file of its network and scorer, a file of its training, and a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from upcracknet.detection.settings import PRESETS

LearnsFrom = Literal["undamaged photos", "annotated photos"]


@dataclass(frozen=True)
class System:
    """One system; its parts are named by dotted paths, such as ``upcracknet.baselines.riad:RIADNetwork``.

    Attributes:
        name: what ``train``, ``detect`` and ``evaluate`` take.
        title: what tables call it.
        scorer: of a classical method its class; else a function that gives scorer and threshold, of a trained
            network, the detection settings of its weights, the preset or None, and the scorer's name.
        learns_from: none for a classical method, which does not learn.
        architecture: what the records of weights call the network.
        weights_file: name of the weights in a run folder.
        network: class of the network that detects; weights' records hold its arguments.
        configuration: dataclass of everything that decides a training run.
        method: lightning module of the training.
        patches: function that gives the patches that a configuration names.
        presets: names of detection settings other than those of the weights.
        size: arguments of the network whose size tables tell, where they are not its defaults.
        passes: how often that network sees an image of 256×256 pixels; scaled images count by their area.
    """

    name: str
    title: str
    scorer: str
    learns_from: LearnsFrom | None = None
    architecture: str = ""
    weights_file: str = ""
    network: str = ""
    configuration: str = ""
    method: str = ""
    patches: str = ""
    presets: tuple[str, ...] = ()
    size: Mapping[str, Any] = field(default_factory=dict)
    passes: float = 1.0


def imported(path: str) -> Any:
    """Import what a dotted path names."""
    module, name = path.split(":")
    return getattr(import_module(module), name)


def _supervised(name: str, title: str, network: str, presets: tuple[str, ...] = ()) -> System:
    return System(
        name,
        title,
        "upcracknet.baselines.supervised.scorer:segmentation_scorer",
        "annotated photos",
        architecture=name,
        weights_file="network.safetensors",
        network=f"upcracknet.baselines.supervised.{network}",
        configuration="upcracknet.training.supervised:SupervisedConfiguration",
        method="upcracknet.training.supervised:SupervisedSegmentation",
        patches="upcracknet.training.patches:annotated_patches",
        presets=presets,
    )


_ROWS = (
    System(
        "crack-remover",
        "crack remover",
        "upcracknet.detection.crack_remover_scorer:crack_remover_scorer",
        "undamaged photos",
        architecture="CrackRemover",
        weights_file="crack-remover.safetensors",
        network="upcracknet.networks:CrackRemover",
        configuration="upcracknet.training.crack_remover_configuration:CrackRemoverConfiguration",
        method="upcracknet.training.crack_remover:CrackRemoverTraining",
        patches="upcracknet.training.patches:painted_patches",
        # The default model's; its pyramid is in the network.
        size={"widths": (16, 32, 64, 128, 192, 192), "refinement_channels": 8, "pyramid": 5},
    ),
    System(
        "up-cracknet",
        "UP-CrackNet",
        "upcracknet.detection.scorer:restoration_scorer",
        "undamaged photos",
        architecture="UNetGenerator",
        weights_file="generator.safetensors",
        network="upcracknet.networks:UNetGenerator",
        configuration="upcracknet.training.configuration:TrainingConfiguration",
        method="upcracknet.training.up_cracknet:AdversarialRestoration",
        patches="upcracknet.training.patches:undamaged_patches",
        presets=tuple(PRESETS),
    ),
    System(
        "scadn",
        "SCADN",
        "upcracknet.baselines.scadn:scadn_scorer",
        "undamaged photos",
        architecture="SCADN",
        weights_file="scadn.safetensors",
        network="upcracknet.baselines.scadn:SCADNGenerator",
        configuration="upcracknet.training.scadn:SCADNConfiguration",
        method="upcracknet.training.scadn:InpaintingOfStripes",
        patches="upcracknet.training.patches:undamaged_patches",
        passes=12.0,
    ),
    System(
        "riad",
        "RIAD",
        "upcracknet.baselines.riad:riad_scorer",
        "undamaged photos",
        architecture="RIAD",
        weights_file="riad.safetensors",
        network="upcracknet.baselines.riad:RIADNetwork",
        configuration="upcracknet.training.riad:RIADConfiguration",
        method="upcracknet.training.riad:InpaintingOfSquares",
        patches="upcracknet.training.patches:undamaged_patches",
        passes=12.0,
    ),
    # In the order of the paper's tables.
    _supervised("deeplabv3plus", "DeepLabv3+", "deeplabv3plus:DeepLabv3Plus"),
    _supervised("enet", "ENet", "enet:ENet"),
    _supervised("pspnet", "PSPNet", "pspnet:PSPNet"),
    _supervised("upernet", "UperNet", "upernet:UperNet"),
    _supervised("segresnet", "SegResNet", "segresnet:SegResNet"),
    _supervised("segnet", "SegNet", "segnet:SegNet"),
    _supervised("unet", "UNet", "unet:UNet"),
    _supervised("bisenetv2", "BiSeNetv2", "bisenetv2:BiSeNetV2"),
    _supervised("ddrnet", "DDRNet", "ddrnet:DDRNet"),
    _supervised("lawin", "Lawin", "lawin:Lawin"),
    # Its paper refines its answer along edges.
    _supervised("deepcrack19", "Deepcrack19", "deepcrack19:Deepcrack19", ("guided-filter",)),
    _supervised("deepcrack18", "Deepcrack18", "deepcrack18:Deepcrack18"),
    System("local-contrast", "local contrast", "upcracknet.baselines.classical:LocalContrast"),
    System("black-top-hat", "black top-hat", "upcracknet.baselines.classical:BlackTopHat"),
    System("sauvola", "Sauvola's threshold", "upcracknet.baselines.classical:Sauvola"),
    System("canny", "Canny's edges, closed", "upcracknet.baselines.classical:Canny"),
    System("frangi", "Frangi's ridges", "upcracknet.baselines.classical:Frangi"),
    System("sato", "Sato's ridges", "upcracknet.baselines.classical:Sato"),
    System("minimal-path", "minimal paths", "upcracknet.baselines.minimal_path:MinimalPath"),
)

SYSTEMS = {system.name: system for system in _ROWS}
"""All systems by name: ours, the paper's, and those it is compared with."""

CLASSICAL = tuple(system.name for system in _ROWS if system.learns_from is None)
"""Names of the systems that do not learn."""

SUPERVISED = tuple(system.name for system in _ROWS if system.learns_from == "annotated photos")
"""Names of the systems that learn from annotated photos."""

TRAINABLE = tuple(system.name for system in _ROWS if system.learns_from is not None)
"""Names of the systems that learn."""
