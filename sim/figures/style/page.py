"""The page of a figure over time: heading, policy strip, panels on a calendar axis, footer."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.basics.axes import RECORD_ENDS, month_label
from sim.figures.style.axes import as_months
from sim.figures.style.marks import PROJECTED, QUIET
from sim.figures.style.policy_strip import LANE, MOST_LANES, Bar, bars_of, draw_strip, pack_lanes
from sim.figures.style.reactions import REACTIONS_NOTE, mark_reactions, reactions_of
from sim.figures.style.sheet import WIDTH, Sheet, footer
from sim.scenario import Scenario

HEADING, KEY, FOOTER_LINE, YEARS, PANEL_TITLE = 6.5, 4.6, 3.0, 3.4, 4.4
"""Heights [mm]."""

LETTERS_A_ROW = 134


class Page(Sheet):
    """A sheet with room made for everything.

    Parameters
    ----------
    heading : the question that the figure answers
    rows, columns, height : of the panels; the height is one panel's
    left, right : room beside each panel, for tick labels and for direct labels
    titles : of the panels, row by row
    title_lines : lines of the longest of them; 0: the heading says it all
    note : what lines and bands mean, where it is more than mean and replicate band
    figure : draw here instead of on a new figure
    bars : what the policy strip shows, in place of all policies and events of the scenario
    key : names to be explained below the heading, with their colours
    most_lanes : lanes of the policy strip; what does not fit is counted
    """

    def __init__(
        self,
        dataset: xr.Dataset,
        scenario: Scenario,
        heading: str,
        *,
        rows: int = 1,
        columns: int = 1,
        height: float = 55.0,
        left: float = 13.0,
        right: float = 18.0,
        titles: Sequence[str] = (),
        title_lines: int = 1,
        note: str = "",
        figure: Figure | None = None,
        bars: Sequence[Bar] | None = None,
        key: Mapping[str, str] | None = None,
        most_lanes: int = MOST_LANES,
    ):
        self.month = dataset["month"].values.astype(float)
        self.first, self.last = float(self.month[0]), float(max(self.month[-1], self.month[0] + 1))
        across = WIDTH / columns - left - right
        reactions = reactions_of(dataset) if bars is None else []
        shown = bars_of(scenario, reactions, self.last) if bars is None else bars
        strip_width = WIDTH - left - right
        lanes = pack_lanes(shown, self.first, self.last, strip_width, most_lanes)
        aligned = columns == 1
        strip = (LANE * len(lanes) + 1.5 + (0 if aligned else YEARS)) if lanes else 0.0
        strip_top = HEADING + (KEY if key else 0.0)
        title = PANEL_TITLE + 3.0 * (title_lines - 1) if title_lines else 1.5
        row = title + height + 4.5
        words = "; ".join([note or usual_note(dataset), *([REACTIONS_NOTE] if reactions else [])])
        notes = textwrap.wrap(words, LETTERS_A_ROW, break_on_hyphens=False)

        super().__init__(strip_top + strip + rows * row + 4.0 + FOOTER_LINE * (len(notes) + 1) + 1.5, heading, figure)
        if key:
            handles = [Line2D([], [], color=colour, linewidth=2.2, label=name) for name, colour in key.items()]
            self.key(handles, HEADING - 1.6, len(handles), labelcolor=list(key.values()))
        if self.last > RECORD_ENDS:
            self._explain_projection(scenario, bars)
        if lanes:
            axes = self.panel(left, strip_top, strip_width, LANE * len(lanes))
            draw_strip(axes, lanes, self.first, self.last, strip_width, own_calendar=not aligned)
        self.panels: list[Axes] = []
        for down in range(rows):
            self.panels += self.row(columns, strip_top + strip + down * row + title, height, left, right)
        for number, axes in enumerate(self.panels):
            as_months(axes, self.first, self.last, across)
            if number < (rows - 1) * columns:
                axes.set_xlabel("")
            if self.last > RECORD_ENDS:
                axes.axvspan(RECORD_ENDS + 0.5, self.last, color=PROJECTED, linewidth=0, zorder=0, gid="projection")
            # a fixed place, so that no label is cut off and none has to be measured
            axes.yaxis.set_label_coords((3.9 - left) / across, 0.5)
            mark_reactions(axes, reactions)
        for axes, words in zip(self.panels, titles, strict=False):
            axes.set_title(words)
        name, run, seed = (dataset.attrs.get(key, "?") for key in ("scenario_name", "hash", "seed"))
        source = footer(str(name), "run", run, dataset.sizes["run"], seed)
        self.foot("\n".join([source, *notes]), 1.2, linespacing=1.15, gid="footer")

    def _explain_projection(self, scenario: Scenario, bars: Sequence[Bar] | None) -> None:
        active = [policy for policy in scenario.policies if policy.active]
        dates = [month for policy in active for month in (policy.start, policy.end) if month]
        dates += [start for bar in bars or () for start, _ in bar.spans]
        policies = "policies as dated" if any(month > RECORD_ENDS for month in dates) else "constant policy"
        if any(rule.active for rule in scenario.reactions):
            policies = "governments react"
        text = f"grey: projection after {month_label(RECORD_ENDS)}, {policies}"
        self.text(WIDTH - 1.5, 4.3, text, color=QUIET, ha="right")


def usual_note(dataset: xr.Dataset) -> str:
    """What lines and bands mean unless a figure says otherwise."""
    return "lines: mean of the replicates" + ("; bands: 10-90% of the replicates" if dataset.sizes["run"] > 1 else "")
