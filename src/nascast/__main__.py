"""The command line, as ``python -m nascast``."""

from nascast.cli.main import main

if __name__ == "__main__":
    main()
