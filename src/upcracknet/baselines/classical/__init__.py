"""Methods without learning: one file a method; their rows are in ``detection.systems``."""

from upcracknet.baselines.classical.black_top_hat import BlackTopHat
from upcracknet.baselines.classical.canny import Canny
from upcracknet.baselines.classical.local_contrast import LocalContrast
from upcracknet.baselines.classical.minimal_path import MinimalPath
from upcracknet.baselines.classical.ridges import Frangi, Sato
from upcracknet.baselines.classical.sauvola import Sauvola

__all__ = ["BlackTopHat", "Canny", "Frangi", "LocalContrast", "MinimalPath", "Sato", "Sauvola"]
