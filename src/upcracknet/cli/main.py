"""The command ``upcracknet``: registers the commands, turns errors into one line and an exit code."""

import os
import sys
import time
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from upcracknet import __version__
from upcracknet.cli.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, print_detail
from upcracknet.cli.verbosity import is_verbose, spoken, without_verbosity
from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.files import one_line

COMMANDS = {
    "detect": "Find and measure cracks in photos, one or a million.",
    "measure": "Measure found cracks again, by another scale.",
    "map": "Put photos, cracks and sections on the map, for QGIS.",
    "review": "Check and correct found cracks on a page.",
    "report": "Write what was found as a page and as a PDF.",
    "compare": "Say how two surveys of one road differ.",
    "export-results": "Write found cracks for annotation programs, or as masks.",
    "import": "Take over masks that people corrected.",
    "train": "Train on undamaged road photos.",
    "calibrate": "Choose how a trained model detects.",
    "evaluate": "Measure a model on annotated photos.",
    "prepare": "Pick undamaged patches from photos that have cracks.",
    "data": "Fetch the published datasets, mine undamaged patches.",
    "synthesize": "Make synthetic road photos whose cracks are known.",
    "scale": "Say how many millimetres of road a pixel covers.",
    "methods": "List what can be trained and run.",
    "serve": "Answer other programs over HTTP.",
    "export": "Write a model for other programs: ONNX, OpenVINO, QGIS.",
    "reproduce": "Train and measure the paper's tables again.",
    "doctor": "Say what is installed, what would run, and what is missing.",
}

OTHER_NAMES = {"import": "import_corrections"}
"""Files and functions of commands that cannot be called as the command is: a word of Python."""

HELP = f"""Find cracks in road photos, pixel by pixel, learned from undamaged photos alone.

Commands:

{chr(10).join(f"    {name:<15} {description}" for name, description in COMMANDS.items())}

For example:

    upcracknet detect photo.jpg -o out

    upcracknet train configs/own-road.yaml --photos crack-free/ -o runs/mine

`upcracknet COMMAND --help` tells more. Results go to standard output as JSON,
progress and errors to standard error. Every command takes `--quiet` (errors
and results alone) or `--verbose` (details, and where an error comes from).

Exit codes: 0 all done; 1 stopped by an error, which is shown in one line;
2 wrong usage; 3 done, but some photos, or rows of a table, failed or are left
(the summary says which);
130 interrupted, finished results are whole.
"""

app = App(
    name="upcracknet",
    help=HELP,
    usage="Usage: upcracknet COMMAND [OPTIONS]",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
# Named, not imported: a command's libraries are loaded only when it runs. Their own descriptions are not at
# hand, therefore the list above in place of the automatic one.
for command in COMMANDS:
    file = OTHER_NAMES.get(command, command.replace("-", "_"))
    function = "app" if command == "data" else file
    app.command(f"upcracknet.cli.{file}:{function}", name=command, show=False)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: words after ``upcracknet``; None takes the process's own.

    Returns:
        exit code.
    """
    # Environments of conda let PROJ fetch grids for changes of datum. Nothing is fetched unasked, and places
    # must not depend on the machine.
    os.environ["PROJ_NETWORK"] = "OFF"
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        words, level = without_verbosity(sys.argv[1:] if arguments is None else arguments)
        _require_no_empty_word(words)
    except ConfigurationError as error:
        console.print("error:", str(error), style="red", markup=False)
        return EXIT_USAGE
    with spoken(level):
        begun = time.monotonic()
        code = _run(words, console)
        print_detail(console, f"took {time.monotonic() - begun:.1f} s")
        return code


def _require_no_empty_word(words: Sequence[str]) -> None:
    """Refuse what a variable without a value leaves: read as a path it would be the current folder."""
    if "" in words:
        raise ConfigurationError(
            f"word {[*words].index('') + 1} is empty; expected a value: has a variable none?"
        )


def _run(words: Sequence[str], console: Console) -> int:
    """Run a command line without the options that all commands have."""
    try:
        code = app(words, exit_on_error=False, print_error=True, error_console=console)
    except CycloptsError:
        return EXIT_USAGE
    except UpCrackNetError as error:
        if is_verbose():
            console.print("".join(traceback.format_exception(error)), markup=False)
        console.print("error:", str(error), style="red", markup=False)
        return EXIT_FAILED
    except KeyboardInterrupt:
        console.print(
            "interrupted; finished results are whole; detect, measure, train, reproduce and download go on "
            "from here",
            style="yellow",
        )
        return EXIT_INTERRUPTED
    except OSError as error:
        if isinstance(error, BrokenPipeError) or (words and not {"--help", "-h", "--version"} & {*words}):
            raise  # commands name what they cannot write
        message = f"standard output cannot be written ({one_line(error)}); send it elsewhere"
        console.print("error:", message, style="red", markup=False)
        return EXIT_FAILED
    return code if isinstance(code, int) else 0
