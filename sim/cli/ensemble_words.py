"""How ensembles and plans are told: progress for people and for programs, and the words at the end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.basics.words import counted, decimals, duration, percent, plain, size
from sim.cli.standard_streams import printable_json
from sim.cli.terminal import Display, as_table, progress_display, time_left

if TYPE_CHECKING:
    from sim.experiments.ensemble.planning import Forecast
    from sim.experiments.runner.dispatch import Step, Watch

EVENT_SECONDS = 1.0
"""Progress events for programs come no faster than this."""


class Show:
    """How progress and results leave: words for people, or events for programs, one JSON object a line on stdout."""

    def __init__(self, quiet: bool, as_json: bool, figures: bool):
        self.quiet, self.as_json, self.figures = quiet or as_json, as_json, figures
        self.words = not quiet and not as_json

    def event(self, name: str, **about: Any) -> None:
        """Tell a program."""
        if self.as_json:
            print(printable_json(json.dumps({"event": name, **plain(about)}, ensure_ascii=False)), flush=True)

    @contextmanager
    def watching(self, name: str) -> Iterator[Watch | None]:
        """What is told of every step."""
        if self.as_json:
            yield self._tell
        elif self.quiet:
            yield None
        else:
            with progress_display(name) as show:
                yield partial(_tell_people, show)

    def _tell(self, step: Step) -> None:
        for point, replicate, error in step.fresh:
            self.event("failure", point=point, replicate=replicate, error=error)
        now = time.monotonic()
        if now - getattr(self, "_told", -math.inf) >= EVENT_SECONDS or step.done == step.total:
            self._told = now
            self.event(
                "progress",
                done=step.done,
                total=step.total,
                failed=step.failed,
                seconds=round(step.seconds, 3),
                rate=round(step.done / step.seconds, 3) if step.seconds > 0 else None,
                left=None if step.left is None else round(step.left, 1),
            )


def _tell_people(show: Display, step: Step) -> None:
    rate = f"{step.done / step.seconds:.3g} a second" if step.seconds > 0 else ""
    failed = f"{step.failed} failed" if step.failed else ""
    show(step.done, step.total, [f"{step.done:,} of {step.total:,} runs", rate, time_left(step.left)], failed)


def plan_words(found: Forecast, workers: str) -> str:
    """A plan to read."""
    rows = []
    for row in found.widths.itertuples():
        place = decimals(row.width, row.mean)
        rows.append(
            {
                "outcome": row.outcome,
                "mean": "" if math.isnan(row.mean) else f"{row.mean:,.{place}f}",
                "width_of_interval": "" if not math.isfinite(row.width) else f"{row.width:.2g}",
                "unit": "" if row.unit == "1" else row.unit,
                "luck": percent(row.luck_part),
                "missing": f"{row.missing / found.pilot:.0%}" if row.missing else "",
            }
        )
    filled = [name for name in rows[0] if any(row[name] for row in rows)]
    failed = f"; {found.failed:.0%} of the pilot failed" if found.failed else ""
    lines = [
        f"{found.runs:,} runs: {counted(found.points, 'point')} x {counted(found.replicates, 'replicate')}, "
        f"on {workers}",
        f"  time    {duration(found.seconds)}  ({1000 * found.per_run:.3g} ms a run, batches of {found.batch}; "
        f"{duration(found.start)} to start)",
        f"  memory  {size(found.memory)}",
        f"  disk    {size(found.disk)}",
        f"  from a pilot of {found.pilot} runs{failed}",
        "",
        "What the 95% intervals of the means would be, end to end:",
        "",
        as_table([{name: row[name] for name in filled} for row in rows]),
        "",
    ]
    return "\n".join(lines)
