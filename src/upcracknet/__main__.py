"""The command ``upcracknet``, also as ``python -m upcracknet``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while its libraries are loaded ends it without a traceback."""
    try:
        from upcracknet.cli.main import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
