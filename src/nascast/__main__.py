"""The command line, as ``nascast`` and as ``python -m nascast``.

It imports little, so that Ctrl-C is met at any time after Python has started.
"""

import sys


def main() -> None:
    """Runs the command line; Ctrl-C ends it with status 130, also while modules are imported."""
    try:
        from nascast.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
