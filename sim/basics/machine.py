"""What a machine offers: cores, and a temporary folder of one's own."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def own_temporary_folder(purpose: str) -> Path | None:
    """A folder that stays until the system clears its temporary folder; None where there is none to be had.

    A folder of that name that is another user's, or that others may write to, is not used: what lies in it will be
    run as code.
    """
    user = os.getuid() if hasattr(os, "getuid") else None
    try:
        folder = Path(tempfile.gettempdir()) / f"openloop-{purpose}-{'' if user is None else user}".rstrip("-")
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return None
    private = user is None or (about.st_uid == user and not about.st_mode & 0o022)
    return folder if stat.S_ISDIR(about.st_mode) and private else None


FEWEST_THREADS = 4
"""So many may be asked for on every machine, so that results of several threads can be compared on any."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def most_threads(wanted: int) -> int:
    """As many threads or workers as are wanted, but no more than there are cores, since each takes memory."""
    return min(wanted, max(FEWEST_THREADS, os.cpu_count() or 1))
