"""Everything that a policy may change, and how two policies on one lever combine.

A policy never touches an agent. It returns pulls (`Pull`), and rules read the combined levers (`LEVERS`). The order of
policies cannot matter, because contributions are sorted by value before they combine. A pull of strength zero leaves
every bit as it was.

=========  =======================================================  =======================
rule       two policies a and b together                            neutral
=========  =======================================================  =======================
fraction   ``1 - (1 - a)(1 - b)``                                    0
add        ``a + b``                                                 0
multiply   ``a * b``                                                 1
largest    ``max(a, b)``                                             0
smallest   ``min(a, b)``                                             infinity
=========  =======================================================  =======================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from sim.basics.axes import MODES, REGIONS, SECTORS
from sim.basics.errors import ModelError, UnknownNameError
from sim.model.agents.adopter_types import TYPES

Array = npt.NDArray[np.float64]
Rule = Literal["fraction", "add", "multiply", "largest", "smallest"]


@dataclass(frozen=True)
class Lever:
    """One thing that policies move: its axes, how pulls combine, its unit and its meaning."""

    name: str
    axes: tuple[str, ...]
    rule: Rule
    unit: str
    meaning: str

    @property
    def neutral(self) -> float:
        """The value at which the lever does nothing."""
        return {"multiply": 1.0, "smallest": np.inf}.get(self.rule, 0.0)


_ALL = (
    # compute
    Lever("export_denial", ("region",), "fraction", "share", "chip demand of the region that is denied"),
    Lever("stockpiling", ("region",), "add", "share", "extra chip demand ahead of an announced control"),
    Lever("enforcement", ("region",), "fraction", "share", "diversion to the region that is stopped"),
    Lever("tool_control", ("region",), "fraction", "share", "fab capacity growth of the region that is prevented"),
    Lever("chip_subsidy", ("region",), "add", "$B/month", "public money for domestic chips"),
    Lever("chip_discount", ("region",), "fraction", "share", "part of the domestic chip price that is paid"),
    Lever("import_refusal", ("region",), "fraction", "share", "frontier-chip demand that the region itself refuses"),
    Lever("capex_boost", ("region",), "add", "share", "addition to the region's AI capex"),
    Lever("grid_power", ("region",), "add", "GW", "added power for AI"),
    Lever("grid_growth", ("region",), "add", "1/month", "added growth of AI power"),
    Lever("compute_grant", ("line",), "add", "$B/month", "public money for a lab's training chips"),
    Lever("compute_factor", ("line",), "multiply", "1", "factor on a lab's compute"),
    # capability and openness
    Lever("access_restriction", ("line",), "fraction", "share", "frontier outputs that the lab can no longer distil"),
    Lever("release_now", ("line",), "largest", "flag", "the line is released this month, whatever its calendar says"),
    Lever("open_release", ("line",), "largest", "flag", "the line's next release is open"),
    Lever("close_release", ("line",), "largest", "flag", "the line's next release is closed"),
    Lever("open_above", ("line",), "smallest", "nats", "released capability above which a release must be open"),
    Lever("open_duty", ("line",), "fraction", "share", "labs that obey the duty to release openly"),
    Lever("closed_above", ("line",), "smallest", "nats", "released capability above which a release must be closed"),
    Lever("closed_duty", ("line",), "fraction", "share", "labs that obey the duty to keep releases closed"),
    Lever("cadence_change", ("line",), "add", "months", "change of the release cadence"),
    # cost
    Lever("compute_voucher", ("region", "type"), "fraction", "share", "cost of own or hosted compute that is paid"),
    Lever("adoption_subsidy", ("region", "sector", "type"), "fraction", "share", "cost that adopters are spared"),
    Lever("subsidy_leak", ("region", "sector", "type"), "fraction", "share", "subsidy that sellers capture"),
    Lever("tariff", ("region", "origin"), "add", "share", "tax on a foreign lab's API"),
    # choice
    Lever("ban", ("region", "sector", "type", "line", "mode"), "fraction", "share", "adopters who may not use it"),
    Lever("base_ban", ("region", "sector", "type", "line", "mode"), "fraction", "share",
          "adopters who may not use what is built on the line"),
    Lever("preference", ("region", "sector", "type", "line"), "add", "utils", "worth added to a line"),
    Lever("friction", ("region", "origin", "sector", "mode"), "add", "1", "friction added against an origin"),
    Lever("outside_value", ("region", "sector"), "add", "utils", "worth added to using no line"),
    Lever("push", ("region", "sector"), "multiply", "1", "factor on the arrival of new adopters"),
    Lever("news", ("region", "line"), "fraction", "share", "unaware adopters who hear of the line this month"),
    # data
    Lever("data_mandate", ("region", "sector"), "fraction", "share", "usage that flows into the regional pool"),
    Lever("pool_access", ("region", "line"), "largest", "share", "access of a lab to a region's pool"),
    Lever("pool_listed", ("region",), "largest", "flag", "the pool is open to listed labs only, domestic or not"),
    Lever("data_sharing", ("region",), "fraction", "share", "data that the region's labs must share among them"),
    Lever("privacy", ("region",), "fraction", "share", "telemetry that may not be collected"),
    # money
    Lever("fiscal_cost", ("region",), "add", "$B/month", "public money spent by the actor"),
)  # fmt: skip

LEVERS: dict[str, Lever] = {lever.name: lever for lever in _ALL}


@dataclass(frozen=True)
class Pull:
    """The contribution of one policy or event to one lever.

    ``value`` runs over the leading axis (months of a schedule, or runs of a reaction); ``targets`` names, per axis of
    the lever, the labels that are pulled (absent: all). The target ``home`` picks lines by the region of their lab.
    ``weights`` may grade an axis, by label.

    Examples
    --------
    >>> import numpy as np
    >>> import openloop as ol
    >>> ol.Pull("tariff", np.full(12, 0.1), {"region": ("US",), "origin": ("CN",)}).lever
    'tariff'
    """

    lever: str
    value: Array
    targets: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would be pulled without a word, or not at all.

        Raises
        ------
        UnknownNameError
            When there is no such lever, or it has no such axis or label. Lines are known to a scenario only.
        ModelError
            When a value is NaN.
        """
        if self.lever not in LEVERS:
            raise UnknownNameError("lever", self.lever, LEVERS)
        axes = LEVERS[self.lever].axes
        for axis, wanted in (*self.targets.items(), *self.weights.items()):
            if axis not in (*axes, "home"):  # a home means nothing to a lever without lines
                raise UnknownNameError(f"axis of the lever {self.lever}", axis, axes)
            known = _LABELS.get(axis, ())
            for label in wanted or ():
                if known and label not in known:
                    raise UnknownNameError(axis, label, known)
        if np.isnan(np.asarray(self.value, dtype=float)).any():
            raise ModelError(f"a pull on {self.lever} is no number (NaN)")

    def spread(self, lines: Mapping[str, str]) -> Array:
        """The value laid out over the lever's axes, ``value.shape + axes``, for a roster ``line -> home region``."""
        lever = LEVERS[self.lever]
        out = np.asarray(self.value, dtype=float)
        depth = out.ndim
        out = out.reshape(out.shape + (1,) * len(lever.axes))
        labels, homes = axis_labels(tuple(lines)), self.targets.get("home")
        neutral = lever.neutral
        grade = np.ones((1,) * (depth + len(lever.axes)))
        for position, axis in enumerate(lever.axes):
            wanted, graded = self.targets.get(axis), self.weights.get(axis, {})
            along = np.array(
                [
                    (wanted is None or label in wanted)
                    * (axis != "line" or homes is None or lines[label] in homes)
                    * graded.get(label, 1.0)
                    for label in labels[axis]
                ],
                dtype=float,
            )
            shape = [1] * (depth + len(lever.axes))
            shape[depth + position] = len(along)
            grade = grade * along.reshape(shape)
        # an ungraded value arrives to the last bit; a threshold (smallest) cannot be graded, only kept or dropped
        if lever.rule == "smallest":
            return np.where(grade > 0, out, neutral)
        return np.where(grade == 1.0, out, neutral + (out - neutral) * grade)


_LABELS: dict[str, Sequence[str]] = {
    "region": REGIONS,
    "origin": REGIONS,
    "home": REGIONS,
    "sector": SECTORS,
    "type": TYPES,
    "mode": MODES,
}


@cache
def axis_labels(lines: tuple[str, ...]) -> dict[str, Sequence[str]]:
    """The labels of every lever axis for a roster of lines."""
    return {"region": REGIONS, "origin": REGIONS, "sector": SECTORS, "type": TYPES, "line": lines, "mode": MODES}


def combine(pulls: Iterable[Pull], lines: Mapping[str, str], leading: int) -> dict[str, Array]:
    """All pulls together: lever name -> array ``(leading or 1, *axes)``, for a roster ``line -> home region``.

    Levers that nobody pulls come back neutral with a leading axis of one.
    """
    labels = axis_labels(tuple(lines))
    gathered: dict[str, list[Array]] = {}
    for pull in pulls:
        gathered.setdefault(pull.lever, []).append(pull.spread(lines))
    out = {}
    for name, lever in LEVERS.items():
        shape = tuple(len(labels[axis]) for axis in lever.axes)
        if name not in gathered:
            out[name] = np.full((1, *shape), lever.neutral)
            continue
        out[name] = together(lever, [np.broadcast_to(part, (leading, *shape)) for part in gathered[name]])
    return out


def added(
    levers: Mapping[str, Array],
    moves: Iterable[tuple[npt.NDArray[np.intp], Sequence[Pull]]],
    lines: Mapping[str, str],
    runs: int,
) -> dict[str, Array]:
    """The levers that the pulls of some runs touch, with these pulls combined in.

    Parameters
    ----------
    levers : name -> (run or 1, *axes), as they stand without the pulls
    moves : numbers of runs, ascending, and pulls whose values run over them; in any order
    lines : ``line -> home region``

    Returns
    -------
    name -> (run, *axes), for the touched levers only; the levers of other runs keep every bit
    """
    gathered: dict[str, list[tuple[npt.NDArray[np.intp], Array]]] = {}
    for rows, pulls in moves:
        for pull in pulls:
            gathered.setdefault(pull.lever, []).append((rows, pull.spread(lines)))
    out = {}
    for name, touching in gathered.items():
        lever = LEVERS[name]
        whole = np.broadcast_to(levers[name], (runs, *levers[name].shape[1:])).copy()
        touched = np.unique(np.concatenate([rows for rows, _ in touching]))
        parts = [whole[touched]]
        for rows, part in touching:
            beside = np.full_like(parts[0], lever.neutral)
            beside[np.searchsorted(touched, rows)] = part
            parts.append(beside)
        whole[touched] = together(lever, parts)
        out[name] = whole
    return out


def together(lever: Lever, parts: Sequence[Array]) -> Array:
    """Contributions of equal shape to one lever, combined by its rule. Their order changes no bit."""
    return _reduce(lever.rule, np.sort(np.stack(parts), axis=0))


def _reduce(rule: Rule, stacked: Array) -> Array:
    """Combine sorted contributions along the first axis; a neutral contribution changes no bit."""
    total = stacked[0].copy()
    for part in stacked[1:]:
        if rule == "fraction":
            total = total + part - total * part
        elif rule == "add":
            total = total + part
        elif rule == "multiply":
            total = total * part
        elif rule == "largest":
            total = np.maximum(total, part)
        else:
            total = np.minimum(total, part)
    return total
