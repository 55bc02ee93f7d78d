"""The report's languages: a catalogue of texts each, and how numbers and days are written."""

import json
import re
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Literal

from upcracknet.tables import NOT_GIVEN

LanguageName = Literal["en", "de"]

# JSON rather than gettext: the standard library reads gettext's catalogues only once they are compiled, and
# one and many are all the plural forms that these languages have.
Texts = dict[str, str | dict[str, str]]
"""A text for each key, with places for values in braces; or two, "one" and "other", chosen by ``count``."""

_KILOMETRE, _MANY, _TENTH = 1000.0, 100_000.0, 0.1  # metres


def catalogue(name: str) -> Texts:
    """Load the texts of a language."""
    content = files("upcracknet.report").joinpath("texts", f"{name}.json").read_text(encoding="utf-8")
    # A number and its unit stay on one line.
    texts: Texts = json.loads(re.sub(r"} (?=(mm|m|m²|px|%)\b|%)", "}\u00a0", content))
    return texts


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        name: its code, for the page's ``lang``.
        texts: its catalogue.
    """

    name: LanguageName
    texts: Texts

    @classmethod
    def of(cls, name: LanguageName) -> "Language":
        """Load a language."""
        return cls(name, catalogue(name))

    def text(self, key: str, **values: str | float | int) -> str:
        """Give the text of a key with its values put in.

        Args:
            key: of the catalogue.
            values: texts as they are, numbers as whole ones; ``count`` chooses between one and many.

        Raises:
            KeyError: no such text, or a value is missing.
        """
        entry = self.texts[key]
        if isinstance(entry, dict):
            entry = entry["one" if values["count"] == 1 else "other"]
        written = {
            name: value if isinstance(value, str) else self.number(value) for name, value in values.items()
        }
        return entry.format(**written)

    def word(self, group: str, name: str) -> str:
        """Translate a word of the measures, such as a severity; one that is not known stays as it is."""
        entry = self.texts.get(f"{group}.{name}", name)
        return entry if isinstance(entry, str) else name

    def number(self, value: float | int | None, digits: int = 0) -> str:
        """Write a number with the language's separators; None as "–"."""
        if value is None:
            return NOT_GIVEN
        written = f"{value:,.{digits}f}"
        if float(written.replace(",", "")) == 0:
            written = written.removeprefix("-")
        signs = str.maketrans({",": self.text("number.thousands"), ".": self.text("number.point")})
        return written.translate(signs)

    def metres(self, value: float, digits: int = 1) -> str:
        """Write a length with its unit, such as "86.3 m" or, from a kilometre on, "1.23 km"."""
        if value >= _KILOMETRE:
            return f"{self.number(value / _KILOMETRE, 2 if value < _MANY else 1)}\u00a0km"
        return f"{self.number(value, digits if value >= _TENTH or not value else 2)}\u00a0m"

    def percent(self, share: float, digits: int = 0) -> str:
        """Write a share, 0 to 1, in per cent with its sign."""
        return f"{self.number(100 * share, digits)}\u00a0%"

    def day(self, day: date) -> str:
        """Write a day in full, such as "27 November 2026"."""
        month = self.text("months").split()[day.month - 1]
        return self.text("day", day=str(day.day), month=month, year=str(day.year))

    def listed(self, parts: list[str]) -> str:
        """Join parts to a list as in a sentence; one part or more."""
        *first, last = parts
        return self.text("and", first=", ".join(first), last=last) if first else last
