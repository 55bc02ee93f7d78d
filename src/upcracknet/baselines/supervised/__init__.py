"""The supervised networks of Tables III–VIII: one file a network; their rows are in ``detection.systems``."""

from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

__all__ = ["Segmentation", "SupervisedNetwork"]
