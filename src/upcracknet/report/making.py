"""From a result folder to its report: a page, and a PDF beside it where one is asked for."""

from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from upcracknet.errors import ConfigurationError, DataError, OutputError
from upcracknet.files import write_atomically
from upcracknet.report.chapters import write
from upcracknet.report.content import Content, gather
from upcracknet.report.html import BaseMap, page
from upcracknet.report.language import Language, LanguageName
from upcracknet.results.folder import ResultFolder
from upcracknet.survey.survey_file import NAME, read_survey


@dataclass(frozen=True)
class ReportOptions:
    """How a report is made.

    Attributes:
        title: of the report; None takes one from the folder's name.
        language: of the report: "en" or "de".
        pdf: whether a PDF is written beside the page.
        base_map: address of map tiles, with {z}, {x} and {y}, which a browser then loads; None loads nothing.
        base_map_credit: whom these tiles are of.
    """

    title: str | None = None
    language: LanguageName = "en"
    pdf: bool = False
    base_map: str | None = None
    base_map_credit: str = ""


def make_report(results: ResultFolder, output: Path, options: ReportOptions, day: date) -> Content:
    """Write the report of a result folder.

    Args:
        results: the folder, with its survey where one was made.
        output: the page; the PDF is written beside it, with the suffix ``.pdf``.
        options: how.
        day: that the report names as its own.

    Returns:
        what the report says.

    Raises:
        ConfigurationError: no address of map tiles, or their owner alone, the package for PDF is missing, or
            the page is called as the PDF.
        DataError: the survey cannot be read, or there are no records.
        OutputError: the report cannot be written, or a file that is none has its name.
    """
    if options.base_map is None and options.base_map_credit:
        raise ConfigurationError("--base-map-credit says whose a base map is; give --base-map too")
    base_map = None if options.base_map is None else BaseMap(options.base_map, options.base_map_credit)
    if options.pdf and find_spec("reportlab") is None:
        raise ConfigurationError("--pdf needs reportlab; install it with `pip install 'upcracknet[report]'`")
    if options.pdf and output.suffix.lower() == ".pdf":
        raise ConfigurationError(
            f"{output}: names the page, and the PDF lies beside it as .pdf; end its name in .html"
        )
    pdf = output.with_suffix(".pdf")
    _require_own(output, b"<!doctype html")
    if options.pdf:
        _require_own(pdf, b"%pdf")
    content = read_content(results)
    report = write(content, Language.of(options.language), options.title, day)
    write_atomically(output, page(report, base_map).encode(errors="backslashreplace"))
    if options.pdf:
        from upcracknet.report.pdf import write_pdf  # only with the extra

        write_pdf(report, pdf)
    return content


def _require_own(path: Path, begin: bytes) -> None:
    """Refuse to replace a photo, a table or whatever else is no page."""
    try:
        with path.open("rb") as file:
            found = file.read(len(begin)).lower()
    except OSError:  # not there, or no file: writing says so
        return
    if found not in (b"", begin):
        raise OutputError(f"{path}: is there, and is no report; give another name with -o")


def read_content(results: ResultFolder) -> Content:
    """Read what a report says; without a survey it has no places and no sections.

    Raises:
        DataError: the survey cannot be read, or there are no records.
    """
    survey = read_survey(results) if (results.path / NAME).exists() else None
    content = gather(results, survey)
    if not content.photos and not content.failed:
        raise DataError(
            f"{results.path}: no photos in it; run `upcracknet detect PHOTOS -o {results.path}` first"
        )
    return content
