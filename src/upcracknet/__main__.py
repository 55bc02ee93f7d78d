"""The command ``upcracknet``, also as ``python -m upcracknet``."""

import os
import sys


def main() -> None:
    """Run the command line; Ctrl-C while its libraries are loaded ends it without a traceback."""
    try:
        from upcracknet.cli.main import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # who reads has enough, such as `| head`; the rest is said below
        code = 141
    sys.exit(_with_output_written(code))


def _with_output_written(code: int) -> int:
    """Write what standard output still holds; gives the exit code, another one if that fails."""
    if sys.stdout is None:  # closed by who called, as with `>&-`
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python writes it once more
        # 128 and the number of the signal, as others end; other reasons were named where it was written.
        return 141 if isinstance(error, BrokenPipeError) else code or 1
    return code


if __name__ == "__main__":
    main()
