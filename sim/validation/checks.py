"""What a check is: a sentence, rows of exact and measured values, and a verdict. `all_checks` lists them."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import pairwise
from typing import Any, Literal

from sim.basics.words import capital

Verdict = str
REPRODUCED, IN_PART, NOT_REPRODUCED = "reproduced", "in part", "not reproduced"
PASS, FAIL = "pass", "FAIL"


@dataclass(frozen=True)
class Row:
    """One line of a table: the statement, the exact or published value, the model's value, and whether they agree."""

    statement: str
    exact: str
    measured: str
    passed: bool


@dataclass(frozen=True)
class Check:
    """A check that can be run.

    Attributes
    ----------
    id : ``V5`` or ``X3``
    sentence : what is checked, from the name of the function
    law : the law or the paper's finding, from the docstring of the function
    run : runs the check and returns its rows
    slow : left out of the quick table
    source : key of the paper in ``sources.toml``; closed forms may have none
    expected : the verdict that the test suite holds the model to
    remark : for prior work that is not fully reproduced, why not
    """

    id: str
    sentence: str
    law: str
    run: Callable[[], Iterable[Row]]
    slow: bool = False
    source: str = ""
    expected: Verdict = PASS
    remark: str = ""

    @property
    def title(self) -> str:
        """The sentence with a capital letter."""
        return capital(self.sentence)

    @property
    def name(self) -> str:
        """Number and sentence, since several checks may share a number."""
        return f"{self.id} {self.sentence}"

    @property
    def number(self) -> tuple[str, int]:
        """Sort key: V2 comes before V10, and V before X."""
        return self.id[0], int(self.id[1:])

    def result(self) -> CheckResult:
        """Run the check."""
        return CheckResult(self, tuple(self.run()))


@dataclass(frozen=True)
class CheckResult:
    """The rows that a check returned."""

    check: Check
    rows: tuple[Row, ...] = field(default_factory=tuple)

    @property
    def verdict(self) -> Verdict:
        """``pass`` or ``FAIL`` for a closed form; how far it was reproduced for prior work."""
        passed = [row.passed for row in self.rows]
        if self.check.id.startswith("V"):
            return PASS if passed and all(passed) else FAIL
        return REPRODUCED if passed and all(passed) else IN_PART if any(passed) else NOT_REPRODUCED


def close(statement: str, exact: Any, measured: Any, *, within: Any, unit: str = "") -> Row:
    """A row that passes when two numbers differ by no more than ``within``, in the same unit."""
    passed = abs(float(measured) - float(exact)) <= float(within)
    return Row(
        statement,
        f"{four_digits(exact)} {unit}".rstrip(),
        f"{four_digits(measured)} ± {four_digits(within)}",
        bool(passed),
    )


def within(statement: str, low: Any, high: Any, measured: Any, unit: str = "") -> Row:
    """A row that passes when a number lies in a band."""
    passed = float(low) <= float(measured) <= float(high)
    band = f"{four_digits(low)} to {four_digits(high)} {unit}".rstrip()
    return Row(statement, band, four_digits(measured), bool(passed))


def steady(
    statement: str, way: Literal["rises", "falls"], values: Mapping[Any, float], form: str, slack: float = 0.0
) -> Row:
    """A row that passes when values rise or fall from key to key; ``slack`` is how far one may go the other way."""
    sign = 1 if way == "rises" else -1
    passed = all(sign * (later - earlier) >= -slack for earlier, later in pairwise(values.values()))
    return Row(statement, way, ", ".join(f"{key:.2g}: {value:{form}}" for key, value in values.items()), passed)


def holds(statement: str, passed: Any, *, exact: str, measured: str) -> Row:
    """A row about something that is not a single number, such as equality bit for bit."""
    return Row(statement, exact, measured, bool(passed))


def four_digits(value: Any) -> str:
    """A number with four significant digits, in scientific notation when it is tiny or huge."""
    value = float(value)
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.1e}"


_REGISTRY: dict[tuple[str, str], Check] = {}


def verifies(id: str, *, slow: bool = False, source: str = "") -> Callable[[Callable[[], Iterable[Row]]], Any]:
    """Mark a function as the check of a closed form. Its name is the sentence, its docstring states the law."""
    return partial(_register, id=id, slow=slow, source=source)


def reproduces(
    id: str, *, source: str, verdict: Verdict = REPRODUCED, remark: str = "", slow: bool = False
) -> Callable[[Callable[[], Iterable[Row]]], Any]:
    """Mark a function as the check of a finding of prior work.

    Parameters
    ----------
    source : key of the paper; the docstring says what it found
    verdict : the known verdict. The test suite holds the model to it, so that a change is noticed
    remark : where the finding is not reproduced, why not
    """
    return partial(_register, id=id, slow=slow, source=source, expected=verdict, remark=remark)


def _register(function: Callable[[], Iterable[Row]], id: str, **about: Any) -> Callable[[], Iterable[Row]]:
    if not re.fullmatch(r"[VX]\d+", id):
        raise ValueError(f'"{id}" is not the number of a check; write V5 or X3')
    sentence = function.__name__.replace("_", " ")
    law = " ".join((function.__doc__ or "").split())
    _REGISTRY[id, function.__name__] = Check(id, sentence, law, function, **about)
    return function


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check of `sim.validation.closed_forms` and `sim.validation.prior_work`, in order."""
    for package in ("sim.validation.closed_forms", "sim.validation.prior_work"):
        folder = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(folder):
            importlib.import_module(f"{package}.{module.name}")
    return tuple(sorted(_REGISTRY.values(), key=lambda check: check.number))
