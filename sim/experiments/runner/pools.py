"""Where runs are computed: anything with the interface of `concurrent.futures.Executor`.

===========  =============================================================  =======================================
pool         command                                                        Python
===========  =============================================================  =======================================
threads      ``openloop ensemble FILE`` (the default engine)                ``pool("threads")``
processes    ``openloop ensemble FILE --workers 8``                         ``pool("processes", workers=8)``
Dask         ``openloop ensemble FILE --cluster tcp://host:8786``           ``pool("tcp://host:8786")``
Dask, here   ``openloop ensemble FILE --cluster local --workers 8``         ``pool("local", workers=8)``
MPI          ``mpiexec -n 9 python -m mpi4py.futures -m openloop ensemble   ``pool("mpi")`` in a program started by
             FILE --mpi``                                                   ``python -m mpi4py.futures``
any other    --                                                             ``Pool(executor, workers, threads)``
===========  =============================================================  =======================================

Which pool computes a run changes no bit of it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sim.basics.arguments import whole
from sim.basics.errors import PoolError
from sim.basics.machine import cores, most_threads

MEMORY_PART = 0.25
"""Part of this machine's memory that the batches under way may take together."""

REMOTE_BYTES = 512 << 20
"""Memory that a batch may take on a machine whose memory is unknown."""

CONNECT_SECONDS = 10.0
"""How long to wait for the scheduler of a cluster."""


@dataclass
class Pool:
    """An executor, and what is known of its workers.

    Attributes
    ----------
    executor : takes the batches
    workers : how many batches it works on at a time
    threads : of the kernel in each worker; None: all cores
    batch_bytes : memory that one batch may take
    name : in words, for the manifest
    restart : makes a new executor after workers have died; None where only the owner of the executor can
    """

    executor: Executor
    workers: int
    threads: int | None = 1
    batch_bytes: int = REMOTE_BYTES
    name: str = "an executor of your own"
    restart: Callable[[], Executor] | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Send work off."""
        return self.executor.submit(function, *arguments)


@contextmanager
def pool(
    kind: str = "", workers: int | None = None, threads: int | None = None, compiles: bool = True
) -> Iterator[Pool]:
    """A pool of workers for as long as the context lasts.

    Parameters
    ----------
    kind : ``threads``, ``processes``, ``local`` (Dask on this machine), the address of a Dask scheduler, or ``mpi``;
        empty: threads where the computation is compiled and releases Python's global lock, else processes
    workers : how many; absent: as many as there are cores (for threads: one, whose kernel takes all cores). On this
        machine no more than there are cores
    threads : of the kernel in each worker; absent: all cores for one worker, one for several
    compiles : whether the computation is compiled; decides when ``kind`` is empty

    Raises
    ------
    ScenarioError
        When the number of workers or threads is none.
    PoolError
        When the library that a pool needs is not installed, or a cluster does not answer.
    """
    workers, threads = _checked(workers, "--workers"), _checked(threads, "--threads")
    refuse_address(kind)
    kind = kind or ("threads" if compiles and not workers else "processes")
    if kind == "threads":
        yield from _threads(most_threads(workers or 1), threads)
    elif kind == "processes":
        yield from _processes(most_threads(workers or cores()), threads or 1)
    elif kind == "mpi":
        yield from _mpi(workers, threads or 1)
    else:
        yield from _dask(kind, workers, threads or 1)


class Here(Executor):
    """Does work at once, in the calling thread: Ctrl-C ends it, and it can report progress."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Do it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future


def here(threads: int | None = None) -> Pool:
    """This thread as the only worker; ``threads`` of the kernel, absent: all cores."""
    return Pool(Here(), 1, _checked(threads, "--threads"), name="this process")


def _checked(count: int | None, place: str) -> int | None:
    """How many workers or threads; None leaves it to us."""
    return None if count is None else whole(count, place)


def machine_memory() -> int | None:
    """Memory of this machine [bytes]; None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, and some systems none of these names
        return None


def memory_taken() -> int:
    """The most memory that this process has taken so far [bytes]; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _memory_of_a_batch(workers: int) -> int:
    memory = machine_memory()
    return REMOTE_BYTES if memory is None else int(MEMORY_PART * memory / workers)


def _threads(workers: int, threads: int | None) -> Iterator[Pool]:
    kernel_threads = threads or (None if workers == 1 else 1)
    executor = ThreadPoolExecutor(workers, thread_name_prefix="openloop")
    try:
        words = f"{workers} worker thread{'s' if workers > 1 else ''}"
        yield Pool(executor, workers, kernel_threads, _memory_of_a_batch(workers), words)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _processes(workers: int, threads: int) -> Iterator[Pool]:
    # a fresh interpreter for each worker: forking a process that has threads can hang, and the global start method
    # belongs to the program that imports us
    context = multiprocessing.get_context("spawn")

    def make() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_settle_in)

    words = f"{workers} process{'es' if workers > 1 else ''}"
    made = Pool(make(), workers, threads, _memory_of_a_batch(workers), words, make)
    try:
        yield made
    finally:
        made.executor.shutdown(wait=False, cancel_futures=True)


def _settle_in() -> None:
    """Prepare a worker process: ignore Ctrl-C, which the parent handles, and end with the parent, even after `kill -9`.

    Ctrl-C reaches the whole process group. Without its parent a worker would wait for work without end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True, name="openloop-follow").start()


def refuse_no_pool(given: object) -> None:
    """Raise `PoolError` when something is handed over as a pool and is none; None leaves the place to the function."""
    if given is not None and not isinstance(given, Pool):
        raise PoolError(
            f"pool has the type {type(given).__name__}; it must be a Pool of sim.experiments.runner.pools. "
            "Write pool(workers=4), or Pool(executor, workers=4) around an executor of your own."
        )


def refuse_address(kind: str) -> None:
    """Refuse what can be no place to compute, before anything is made or read; see `pool` for the kinds.

    Raises
    ------
    PoolError
        When it is neither a known kind nor the address of a Dask scheduler, or Dask is not installed.
    """
    if kind in ("", "threads", "processes", "mpi"):
        return
    try:
        from distributed.comm import get_address_host
    except ImportError:
        raise PoolError("a Dask cluster needs dask.distributed: pip install 'openloop[cluster]'") from None
    if kind == "local":
        return
    try:
        get_address_host(kind)
    except ValueError as error:
        # a client made with such an address would hang at the end of the program
        remedy = "write processes, local, mpi or the address of a scheduler such as tcp://host:8786"
        raise PoolError(f"--cluster {kind} is no place to compute ({error}); {remedy}") from None


def _dask(address: str, workers: int | None, threads: int) -> Iterator[Pool]:
    import distributed

    try:
        if address == "local":
            cluster = distributed.LocalCluster(
                n_workers=most_threads(workers or cores()),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=50,
            )
            client = distributed.Client(cluster, set_as_default=False)
        else:
            cluster, client = None, distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PoolError(
            f"the Dask cluster at {address} does not answer: {str(error) or type(error).__name__}"
        ) from None
    try:
        count = len(client.scheduler_info(n_workers=-1)["workers"])
        if not count:
            raise PoolError(f"the Dask cluster at {address} has no workers; start some: dask worker {address}")
        words = f"{count} Dask worker{'s' if count > 1 else ''}"
        yield Pool(client.get_executor(pure=False), workers or count, threads, REMOTE_BYTES, words)
    finally:
        with suppress(Exception):
            client.close()
        if cluster is not None:
            cluster.close()


def _mpi(workers: int | None, threads: int) -> Iterator[Pool]:
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except ImportError as error:
        raise PoolError(f"MPI needs mpi4py and an MPI library ({error}): pip install 'openloop[mpi]'") from None
    count = workers or MPI.COMM_WORLD.Get_size() - 1 or int(os.environ.get("MPI4PY_FUTURES_MAX_WORKERS", "0"))
    if count < 1:
        raise PoolError(
            "MPI has no workers here. Start with one process more than you want workers:\n"
            "  mpiexec -n 9 python -m mpi4py.futures -m openloop ensemble FILE --mpi"
        )
    executor = MPIPoolExecutor(workers)
    try:
        yield Pool(executor, count, threads, REMOTE_BYTES, f"{count} MPI worker{'s' if count > 1 else ''}")
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
