"""The supervised networks of Tables III–VIII: one file a network; their rows are in ``detection.systems``."""
