"""The supervised networks of Tables III-VIII: one file a network, one line each here."""

from upcracknet.baselines.supervised.bisenetv2 import BiSeNetV2
from upcracknet.baselines.supervised.ddrnet import DDRNet
from upcracknet.baselines.supervised.deepcrack18 import Deepcrack18
from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.baselines.supervised.deeplabv3plus import DeepLabv3Plus
from upcracknet.baselines.supervised.enet import ENet
from upcracknet.baselines.supervised.lawin import Lawin
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.pspnet import PSPNet
from upcracknet.baselines.supervised.segnet import SegNet
from upcracknet.baselines.supervised.segresnet import SegResNet
from upcracknet.baselines.supervised.unet import UNet
from upcracknet.baselines.supervised.upernet import UperNet

SUPERVISED: dict[str, type[SupervisedNetwork]] = {
    "deeplabv3plus": DeepLabv3Plus,
    "enet": ENet,
    "pspnet": PSPNet,
    "upernet": UperNet,
    "segresnet": SegResNet,
    "segnet": SegNet,
    "unet": UNet,
    "bisenetv2": BiSeNetV2,
    "ddrnet": DDRNet,
    "lawin": Lawin,
    "deepcrack19": Deepcrack19,
    "deepcrack18": Deepcrack18,
}
"""The supervised networks by name, in the order of the paper's tables."""

__all__ = ["SUPERVISED", "Segmentation", "SupervisedNetwork"]
