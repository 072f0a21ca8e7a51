"""Distributions over the values of one number, as a declaration, a scenario file or a factor gives them.

Each maps the unit interval to values (its inverse CDF), so that every design, which is a set of points in a unit cube,
serves every distribution. A scenario file writes one in place of a number: ``[0, 6]``, ``{lognormal: [0.6, 0.3]}``,
``{choice: [live, off]}``.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SHAPES: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "normal": ("mean", "standard deviation"),
    "lognormal": ("median", "standard deviation of the logarithm"),
    "triangular": ("low", "mode", "high"),
    "choice": ("value", "value", "..."),
}
"""What may be written, and what the numbers after each name mean."""

LEAST = 2.0**-53
"""Smallest probability that is used where a distribution has no end."""


@dataclass(frozen=True)
class Distribution:
    """A distribution: the name of a shape in `SHAPES` and its numbers (or, for a choice, its values).

    ``bounds`` are the impossible bounds of the quantity; the shapes without ends are cut there.
    """

    shape: str
    values: tuple[Any, ...]
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def trouble(self) -> str:
        """What is wrong with it, as the end of a sentence; empty if nothing is."""
        if self.shape not in SHAPES:
            return f"must be one of {', '.join(SHAPES)}"
        if self.shape == "choice":
            if not self.values:
                return "must offer at least one value"
            return "must not offer a value twice" if len(set(map(repr, self.values))) < len(self.values) else ""
        wanted = SHAPES[self.shape]
        if len(self.values) != len(wanted):
            return f"must have {len(wanted)} numbers: {', '.join(wanted)}"
        numbers = self.values
        if not all(  # by comparison: math.isfinite raises on a whole number that no float can hold
            isinstance(x, int | float) and not isinstance(x, bool) and abs(x) <= sys.float_info.max for x in numbers
        ):
            return "must be made of finite numbers"
        if self.shape in ("normal", "lognormal"):
            if not numbers[1] > 0:
                return f"must have a {wanted[1]} above 0"
            if self.shape == "lognormal" and not numbers[0] > 0:
                return "must have a median above 0"
        elif list(numbers) != sorted(numbers) or numbers[0] == numbers[-1]:
            return "must begin with its low end and finish with its high end"
        elif self.shape == "loguniform" and not numbers[0] > 0:
            return "must begin above 0"
        low, high = self.bounds
        if self.shape in ("normal", "lognormal") and not self._inside() > 1e-6:
            return f"must have a part between the possible bounds, {low:g} and {high:g}"
        return ""

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest value of a distribution of numbers; infinite where it has no end."""
        if self.shape in ("normal", "lognormal"):
            return max(self.bounds[0], -math.inf if self.shape == "normal" else 0.0), self.bounds[1]
        return min(self.values), max(self.values)

    def from_unit(self, unit: np.ndarray) -> np.ndarray:
        """The values at numbers of the unit interval, any shape; the same shape.

        Ends are reached exactly. Choices are equally likely.
        """
        import numpy as np

        u = np.clip(np.asarray(unit, dtype=float), 0.0, 1.0)
        if self.shape == "choice":
            place = np.minimum((u * len(self.values)).astype(int), len(self.values) - 1)
            kinds = {type(value) for value in self.values}
            return np.array(self.values, dtype=kinds.pop() if kinds in ({bool}, {int}, {float}) else object)[place]
        if self.shape == "triangular":
            low, mode, high = self.values
            share = (mode - low) / (high - low)
            rising = low + np.sqrt(u * (high - low) * (mode - low))
            return np.where(u < share, rising, high - np.sqrt((1 - u) * (high - low) * (high - mode)))
        low, high = self.values
        if self.shape == "uniform":
            return np.clip(low + (high - low) * u, low, high)
        if self.shape == "loguniform":
            return np.clip(low * np.exp(u * math.log(high / low)), low, high)
        from scipy.special import ndtri

        first, last = self._cuts()
        z = ndtri(np.clip(first + u * (last - first), LEAST, 1 - LEAST))
        center, spread = self.values
        values = center + spread * z if self.shape == "normal" else center * np.exp(spread * z)
        return np.clip(values, *self.bounds)

    def median(self) -> Any:
        """The median; the first value of a choice. It needs no numerical library, so checking a file loads none."""
        if self.shape == "choice":
            return self.values[0]
        if self.shape == "triangular":
            low, mode, high = self.values
            if 2 * mode > low + high:
                return low + math.sqrt((high - low) * (mode - low) / 2)
            return high - math.sqrt((high - low) * (high - mode) / 2)
        first, second = self.values
        if self.shape == "uniform":
            return (first + second) / 2
        if self.shape == "loguniform":
            return math.sqrt(first) * math.sqrt(second)
        z = NormalDist().inv_cdf(min(max(sum(self._cuts()) / 2, LEAST), 1 - LEAST))
        value = first + second * z if self.shape == "normal" else first * math.exp(second * z)
        return min(max(value, self.bounds[0]), self.bounds[1])

    def _cuts(self) -> tuple[float, float]:
        """The CDF at the impossible bounds."""

        def cdf(x: float) -> float:
            center, spread = self.values
            if self.shape == "lognormal":
                x, center = math.log(x) if x > 0 else -math.inf, math.log(center)
            return 0.5 * math.erfc(-(x - center) / spread / math.sqrt(2))

        return cdf(self.bounds[0]), cdf(self.bounds[1])

    def _inside(self) -> float:
        first, last = self._cuts()
        return last - first

    def __str__(self) -> str:
        if self.shape == "choice":
            return "|".join(_word(value) for value in self.values)
        return f"{self.shape}({', '.join(_word(value) for value in self.values)})"


def ranged(low: float, high: float, prior: str, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Distribution:
    """The distribution between two ends in the declared shape of a quantity."""
    shape = "loguniform" if prior == "loguniform" and low > 0 else "uniform"
    return Distribution(shape, (low, high), bounds)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
