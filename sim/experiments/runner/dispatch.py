"""Shares work out among workers: the one place that sends batches, and takes back what came of them.

`Work` is a list of items, and a function that does some of them; both travel to any worker. `dispatch` finds how large
a batch should be, keeps every worker busy, hands results over to be written down, and tells how far it is. A batch that
kills its worker is sent again in halves, until the item that does it stands alone. Items that merely fail are the
affair of the function (`worker.halved`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

from sim.basics.errors import OutputError, RunError
from sim.experiments.runner.pools import Pool
from sim.experiments.runner.sizer import FIRST_RUNS, Sizer, cost_line

AHEAD = 2
"""Batches under way for each worker, so that none waits for us."""

FLUSH_SECONDS = 0.2
"""Results wait no longer than this to be written; where they come faster, several share a file."""

PATIENCE = 10.0
"""Seconds that Ctrl-C waits for batches that are being computed, so that they need not be lost."""

Failed = tuple[Any, Any, str]
"""Point, replicate and reason of a run that failed."""


@dataclass(frozen=True)
class Step:
    """How far work is, told when results have been written down.

    Attributes
    ----------
    done, total : sizes of the items that are written, and of all; by default every item has size 1
    failed, fresh : how many runs failed, and those that failed since the last step
    seconds : since the start
    left : seconds that the rest will take, judged by batches that did not wait for the compiler; None before the first
    """

    done: int
    total: int
    failed: int
    seconds: float
    left: float | None = None
    fresh: tuple[Failed, ...] = ()


Watch = Callable[[Step], None]
"""Told of every step."""


def telling(progress: Callable[[int, float | None], object] | None) -> Watch | None:
    """A watch that calls something with what was done since the last call, and the seconds left."""
    if progress is None:
        return None
    told = 0

    def watch(step: Step) -> None:
        nonlocal told
        if step.done < told:  # another round of work
            told = 0
        progress(step.done - told, step.left)
        told = step.done

    return watch


def one(item: Any) -> int:
    """The size of an item where all are alike."""
    return 1


@dataclass
class Work:
    """Items to be done, and how.

    Attributes
    ----------
    name : what it is called in messages; workers know by it whether they have done some of it before
    function : does some items: ``function(*constants, items, threads)``; of a module, so that any worker finds it
    constants, items : plain data
    keep : writes results down: it is given (items, result) of some batches, and returns the runs that failed
    dead : the result of an item that took its worker with it; absent: that ends everything
    amount : size of an item
    sizer : finds how many items a batch has
    batch : items of a batch, in place of a number that adapts
    """

    name: str
    function: Callable[..., Any]
    constants: tuple[Any, ...]
    items: Sequence[Any]
    keep: Callable[[list[tuple[list[Any], Any]]], Iterable[Failed]]
    dead: Callable[[list[Any]], Any] | None = None
    amount: Callable[[Any], int] = one
    sizer: Sizer = field(default_factory=lambda: Sizer(1))
    batch: int | None = None


@dataclass
class Tally:
    """What was done: items, those of them that failed, batches, and seconds that workers took for them."""

    done: int = 0
    failed: int = 0
    batches: int = 0
    busy: float = 0.0


def dispatch(works: Sequence[Work], pool: Pool, watch: Watch | None = None) -> Tally:
    """Do all items of some works, in order.

    Raises
    ------
    OutputError
        When results cannot be written down; what was written before stays.
    RunError
        When the workers are gone for good.
    """
    return _Dispatcher(works, pool, watch).drive()


@dataclass(frozen=True)
class Done:
    """What a worker sends back; ``waited``: this was its first batch, which may have waited for the compiler."""

    result: Any
    seconds: float
    waited: bool


_known: set[Hashable] = set()
"""Works of which this process has done a batch."""


def do_batch(
    name: str, function: Callable[..., Any], constants: tuple[Any, ...], items: list[Any], threads: int | None
) -> Done:
    """What a worker does: some items, timed."""
    waited, began = (name, function.__qualname__) not in _known, time.perf_counter()
    result = function(*constants, items, threads)
    _known.add((name, function.__qualname__))
    return Done(result, time.perf_counter() - began, waited)


@dataclass
class _Queue:
    """A work, and how far it is: ``seen`` are amount and seconds of its last batches."""

    work: Work
    sizer: Sizer
    todo: deque[Any]
    left: int
    amount_left: int
    seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=8))

    def amount(self, items: Iterable[Any]) -> int:
        return sum(map(self.work.amount, items))

    def seconds_left(self, rate: float) -> float:
        """What workers will take for the rest; ``rate`` holds where nothing is known of this work yet."""
        if not self.seen:
            return rate * self.amount_left
        fixed, each = cost_line(self.seen)
        batches = -(-self.left // (self.work.batch or self.sizer.size))
        return fixed * batches + each * self.amount_left


Sent = tuple[_Queue, list[Any]]


class _Dispatcher:
    """Keeps workers busy and hands over what comes back."""

    def __init__(self, works: Sequence[Work], pool: Pool, watch: Watch | None):
        self.pool, self.watch, self.tally = pool, watch, Tally()
        self.queues = []
        for work in works:
            items = deque(work.items)
            amount = sum(map(work.amount, items))
            self.queues.append(_Queue(work, work.sizer, items, len(items), amount))
        self.total = sum(queue.amount_left for queue in self.queues)
        self.suspects: deque[Sent] = deque()
        self.under_way: dict[Future[Done], Sent] = {}
        self.unwritten: list[tuple[_Queue, list[Any], Any]] = []
        self.written = 0
        self.began = self.flushed = time.monotonic()

    def drive(self) -> Tally:
        """Until nothing is left to do."""
        try:
            self._fill()
            while self.under_way:
                waiting = FLUSH_SECONDS - (time.monotonic() - self.flushed) if self.unwritten else None
                done, _ = wait(self.under_way, waiting and max(waiting, 0.0), FIRST_COMPLETED)
                self._take(done)
                self._fill()
                if time.monotonic() - self.flushed >= FLUSH_SECONDS or not self.under_way:
                    self._flush()
        except KeyboardInterrupt:
            self._rescue()
            raise
        except OutputError:
            raise
        except Exception:
            self._flush()  # what came back before the trouble is kept
            raise
        finally:
            for future in self.under_way:
                future.cancel()
        return self.tally

    def _fill(self) -> None:
        """Have enough batches under way."""
        if self.suspects and not self.under_way:
            self._send(*self.suspects.popleft())  # alone, so that it is clear who is to blame
        for queue in self.queues:
            while not self.suspects and queue.todo and len(self.under_way) < self._wanted(queue):
                size = queue.work.batch or queue.sizer.size
                if self.pool.workers > 1 and not queue.work.batch:
                    # towards the end batches grow small, so that no worker waits long for the last one
                    size = min(size, max(FIRST_RUNS, -(-len(queue.todo) // (AHEAD * self.pool.workers))))
                self._send(queue, [queue.todo.popleft() for _ in range(min(size, len(queue.todo)))])

    def _wanted(self, queue: _Queue) -> int:
        """Batches to have under way: one for each worker until it is known how large they should be."""
        learns = not queue.work.batch and queue.sizer.most > 1 and not queue.sizer.seen
        return self.pool.workers * (1 if learns else AHEAD)

    def _send(self, queue: _Queue, items: list[Any]) -> None:
        work = queue.work
        words = (do_batch, work.name, work.function, work.constants, items, self.pool.threads)
        try:
            future = self.pool.submit(*words)
        except BrokenExecutor:  # it broke before we looked
            self._revive()
            future = self.pool.submit(*words)
        self.under_way[future] = queue, items

    def _take(self, futures: Iterable[Future[Done]]) -> None:
        broken: list[Sent] = []
        trouble: Exception | None = None
        for future in futures:
            queue, items = self.under_way.pop(future)
            try:
                done = future.result()
            except (BrokenExecutor, CancelledError):
                broken.append((queue, items))
                continue
            except Exception as error:
                if _worker_lost(error):
                    broken.append((queue, items))
                else:
                    trouble = trouble or error
                continue
            self._accept(queue, items, done.result)
            self.tally.busy += done.seconds
            if done.waited:
                queue.sizer.learn_least(len(items), done.seconds)
            else:
                queue.seen.append((queue.amount(items), done.seconds))
                queue.sizer.learn(len(items), done.seconds)
        if trouble is not None:  # told when everything that came back with it is accepted
            raise trouble
        if broken:
            self._blame(broken)

    def _accept(self, queue: _Queue, items: list[Any], result: Any) -> None:
        self.unwritten.append((queue, items, result))
        self.tally.done += len(items)
        self.tally.batches += 1
        queue.left -= len(items)
        queue.amount_left -= queue.amount(items)

    def _blame(self, broken: list[Sent]) -> None:
        """A worker died. Its batch, and those that died with it, go again one by one and in halves."""
        if self.pool.restart is not None:
            broken += self.under_way.values()
            self.under_way.clear()
            self._revive()
        alone = len(broken) == 1 and not self.under_way
        for queue, items in broken:
            if len(items) > 1:
                middle = len(items) // 2
                self.suspects += [(queue, items[:middle]), (queue, items[middle:])]
            elif not alone:
                self.suspects.append((queue, items))
            elif queue.work.dead is None:
                called = getattr(items[0], "name", items[0])
                raise RunError(f"{queue.work.name}: a worker process died in {called}, perhaps for want of memory")
            else:
                self._accept(queue, items, queue.work.dead(items))

    def _revive(self) -> None:
        if self.pool.restart is None:
            raise RunError(f"{self.pool.name}: the workers are gone; what was written is safe")
        self.pool.executor.shutdown(wait=False, cancel_futures=True)
        self.pool.executor = self.pool.restart()

    def _flush(self) -> None:
        """Have results written down. What is told is safe."""
        batches, self.unwritten = self.unwritten, []
        self.flushed = time.monotonic()
        fresh: list[Failed] = []
        for queue in self.queues:
            mine = [(items, result) for of, items, result in batches if of is queue]
            if mine:
                fresh += queue.work.keep(mine)
                self.written += sum(queue.amount(items) for items, _ in mine)
        self.tally.failed += len(fresh)
        if batches and self.watch is not None:
            seconds = time.monotonic() - self.began
            self.watch(Step(self.written, self.total, self.tally.failed, seconds, self._seconds_left(), tuple(fresh)))

    def _seconds_left(self) -> float | None:
        seen = [batch for queue in self.queues for batch in queue.seen]
        if not seen:
            return None if any(queue.left for queue in self.queues) else 0.0
        rate = sum(seconds for _, seconds in seen) / sum(amount for amount, _ in seen)
        return sum(queue.seconds_left(rate) for queue in self.queues) / self.pool.workers

    def _rescue(self) -> None:
        """Ctrl-C: wait a little for what is being computed, and write it down."""
        running = [future for future in self.under_way if not future.cancel()]
        done, _ = wait(running, timeout=PATIENCE)
        self.watch = None
        self._take([future for future in done if future.exception() is None])
        self._flush()


def _worker_lost(error: Exception) -> bool:
    """Whether an exception says that a worker of a cluster died, and not that a batch went wrong."""
    return type(error).__name__ in ("KilledWorker", "BrokenWorkerPool", "CommClosedError")
