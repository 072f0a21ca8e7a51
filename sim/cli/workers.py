"""Where a command computes, from --workers, --threads, --cluster and --mpi."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from sim.cli.exit_codes import BAD_INPUT, leave

if TYPE_CHECKING:
    from sim.experiments.runner.pools import Pool


class Workers:
    """Where runs are computed."""

    def __init__(self, workers: int | None, threads: int | None, cluster: str, mpi: bool = False):
        if cluster and mpi:
            leave(BAD_INPUT, "--cluster and --mpi are two ways to the same end; give one of them.")
        self.workers, self.threads = workers, threads
        self.kind = "mpi" if mpi else cluster
        if cluster:
            from sim.experiments.runner.pools import refuse_address

            refuse_address(cluster)

    def pool(self, compiles: bool) -> AbstractContextManager[Pool]:
        """The workers, for what is compiled or is not."""
        from sim.experiments.runner.pools import pool

        return pool(self.kind, self.workers, self.threads, compiles)

    def pool_if_asked(self) -> AbstractContextManager[Pool | None]:
        """The workers; nothing where the command asks for none, since a verb knows best what suits it."""
        return self.pool(compiles=True) if self.kind or self.workers else nullcontext(None)
