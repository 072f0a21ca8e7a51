"""``python -m sim.cli`` is ``openloop``."""

from sim.cli import main

if __name__ == "__main__":
    main()
