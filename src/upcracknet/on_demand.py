"""Names of a package that are loaded when somebody asks for them: loading PyTorch takes a second."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def on_demand(
    package: str, modules: Mapping[str, str], names: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's ``__getattr__`` and ``__dir__`` (PEP 562).

    Args:
        package: its name.
        modules: for each name that is loaded on demand, the module of the package that has it.
        names: all public names of the package.

    Returns:
        both; the first raises AttributeError for any other name.
    """

    def load(name: str) -> Any:
        if name in modules:
            return getattr(import_module(f"{package}.{modules[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: sorted(names)
