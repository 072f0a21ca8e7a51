"""Words at the foot of a figure."""

from __future__ import annotations

MOST_NAMES = 60


def shortened(name: str) -> str:
    """A name that fits a line."""
    return name if len(name) <= MOST_NAMES else name[: MOST_NAMES - 3] + "..."


def footer(name: str, hash_: str, replicates: int, seed: int, what: str = "comparison") -> str:
    """``baseline vs containment  ·  comparison 1a2b3c4d  ·  40 replicates  ·  seed 1``."""
    count = f"{replicates} replicate{'s' * (replicates > 1)}"
    return f"{shortened(name)}  ·  {what} {hash_}  ·  {count}  ·  seed {seed}"
