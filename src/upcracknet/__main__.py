"""The command ``upcracknet``, also as ``python -m upcracknet``."""

import os
import sys


def main() -> None:
    """Run the command line; Ctrl-C while its libraries are loaded ends it without a traceback."""
    try:
        from upcracknet.cli.main import run

        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # who reads has enough, such as `| head`; 128 and the number of the signal
        _drop_output()
        code = 141
    except OSError as error:
        if not _drop_output():
            raise
        reason = f"standard output cannot be written ({error.strerror})"
        sys.stderr.write(f"error: {reason}; the files are whole, send it elsewhere\n")
        code = 1
    sys.exit(code)


def _drop_output() -> bool:
    """Drop what standard output still holds, else Python writes it again; tells whether it held any."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


if __name__ == "__main__":
    main()
