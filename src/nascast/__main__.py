"""The command line, as ``nascast`` and as ``python -m nascast``.

It imports little, so that Ctrl-C and SIGTERM are met at any time after Python has started.
"""

import sys

from nascast.core.termination import INTERRUPTED, TERMINATED, Termination


def main() -> None:
    """Runs the command line; Ctrl-C ends it with status 130, SIGTERM with 143, at any time."""
    termination = Termination()
    termination.watch()
    try:
        from nascast.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(TERMINATED if termination.came else INTERRUPTED)
    except SystemExit:
        if termination.came:
            sys.exit(TERMINATED)
        raise


if __name__ == "__main__":
    main()
