"""Methods without learning."""

from upcracknet.baselines.classical.local_contrast import LocalContrast

__all__ = ["LocalContrast"]
