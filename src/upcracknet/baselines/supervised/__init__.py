"""The supervised networks of Tables III-VIII: one file a network, one line each here."""

from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

__all__ = ["Segmentation", "SupervisedNetwork"]
