"""The command ``openloop``, also as ``python -m openloop``."""

from __future__ import annotations

import sys

from openloop import _package


def main() -> None:
    """Run the command line."""
    try:
        _package()
    except ImportError as error:
        sys.exit(f"openloop: {error}")
    from sim.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
