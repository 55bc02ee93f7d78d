"""upcracknet: pixel-wise road crack detection, learned from undamaged road photos alone."""

__version__ = "0.1.0"
