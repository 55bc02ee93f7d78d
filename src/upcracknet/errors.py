"""Errors a user can act on: each says what was wrong, what was expected, and what to do.

Everything else that is raised is a defect of this package and may show a traceback.
"""


class UpCrackNetError(Exception):
    """Base of all errors whose message is meant for the user; the command line shows no traceback."""


class PhotoError(UpCrackNetError):
    """A photo or mask that cannot be used: missing, truncated, not an image, too small, not finite."""


class DataError(UpCrackNetError):
    """A dataset or folder that is missing, empty, or not in its published layout."""


class WeightsError(UpCrackNetError):
    """Weights that are corrupt, of another architecture, of a newer format, or in an unsafe format."""


class ConfigurationError(UpCrackNetError):
    """A configuration with unknown keys or impossible values; lists all problems at once."""


class OutputError(UpCrackNetError):
    """Results that cannot be written: read-only folder, full disk."""
