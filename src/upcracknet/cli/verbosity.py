"""``--verbose`` and ``--quiet`` of every command: how much it says beside its result."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from upcracknet.errors import ConfigurationError

VERBOSE, QUIET = "--verbose", "--quiet"
LEVELS = {VERBOSE: logging.DEBUG, QUIET: logging.ERROR}

_logger = logging.getLogger("upcracknet")


def without_verbosity(words: Sequence[str]) -> tuple[list[str], int | None]:
    """Take both options out of a command line, wherever they stand; words behind ``--`` are names.

    Returns:
        the other words; and the level of the logger, None where neither option is given.

    Raises:
        ConfigurationError: both options are given.
    """
    end = words.index("--") if "--" in words else len(words)
    options, names = words[:end], words[end:]
    given = {*options} & {*LEVELS}
    if len(given) > 1:
        raise ConfigurationError(f"{VERBOSE} and {QUIET} contradict each other; leave one of them out")
    left = [word for word in options if word not in LEVELS]
    return [*left, *names], LEVELS[given.pop()] if given else None


@contextmanager
def spoken(level: int | None) -> Iterator[None]:
    """Let a command say as much as a level asks for; None leaves it as usual."""
    before = _logger.level
    with ExitStack() as stack:
        if level is not None:
            _logger.setLevel(level)
            stack.callback(_logger.setLevel, before)
        if level == LEVELS[QUIET]:  # begun and ended while no other thread runs
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        if level == LEVELS[VERBOSE]:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
            _logger.addHandler(handler)
            stack.callback(_logger.removeHandler, handler)
        yield


def is_quiet() -> bool:
    """Tell whether nothing but results and errors is asked for."""
    return _logger.getEffectiveLevel() >= logging.ERROR


def is_verbose() -> bool:
    """Tell whether all details are asked for."""
    return _logger.getEffectiveLevel() <= logging.DEBUG
