"""What a study runs: a scenario over the ensemble store, or a plain Python function in memory.

A model takes coordinates of its variables and the number of a replicate for every row, and gives outcomes. The same row
and replicate must give the same outcome again: that is what makes luck a factor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from sim.basics.arguments import several
from sim.basics.errors import DesignError, UnknownNameError
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.runner import total_gain
from sim.experiments.runner.dispatch import telling
from sim.experiments.runner.pools import Pool, pool, refuse_address
from sim.experiments.runner.recipe import Recipe, make_recipe, parse_month
from sim.experiments.runner.worker import halved
from sim.experiments.sensitivity.variables import Variable, variables_of
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.scenario.factors import make_factor

Array = np.ndarray
SEED = "seed"


@dataclass
class Outcomes:
    """What came out of some rows.

    Attributes
    ----------
    scalars : outcome -> (row,); NaN where a run failed
    curves : outcome -> (row, month); NaN where a run failed
    months : labels of the months of the curves
    errors : (row number, why it failed), of each that did
    """

    scalars: dict[str, Array]
    curves: dict[str, Array] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    errors: list[tuple[int, str]] = field(default_factory=list)


class Model(Protocol):
    """Anything that a study can run."""

    variables: list[Variable]
    lucky: bool
    """Whether the same point gives other outcomes with other luck."""

    def run(self, unit: Array, replicate: Array) -> Outcomes:
        """Outcomes of rows: coordinates (row, variable) and replicate numbers (row,)."""
        ...


def table_of(variables: Sequence[Variable], unit: Array) -> pd.DataFrame:
    """The values of every key at coordinates, one row a point."""
    columns: dict[str, Array] = {}
    for place, variable in enumerate(variables):
        columns |= variable.values(unit[:, place])
    return pd.DataFrame(columns)


class FunctionModel:
    """A plain Python function as a model.

    Parameters
    ----------
    function : table of factor values, one row a point, with a column ``seed`` if it has luck -> (row,) or (row, month),
        or a mapping from names to such, or a data frame with a column an outcome. Rows with an index are put in the
        order of the table's. What is not finite or masked, and what raises, counts as a failed run
    factors : see `sim.experiments.sensitivity.variables.variables_of`
    lucky : whether the function reads ``seed`` and draws from it
    """

    def __init__(
        self,
        function: Callable[[pd.DataFrame], Any],
        factors: Mapping[str, Any] | Sequence[Variable],
        lucky: bool = False,
    ):
        self.function, self.lucky = function, lucky
        given = several(factors) if not isinstance(factors, Mapping) else []
        if any(not isinstance(variable, Variable) for variable in given):
            raise DesignError(
                'the factors of a function are a mapping from names to what they may be, such as {"x": (0, 1)}.'
            )
        self.variables = given or variables_of(factors if isinstance(factors, Mapping) else {})
        self._known: dict[bytes, dict[str, Array] | Exception] = {}
        """What came out of each row that was run, by its coordinates and replicate."""
        self.runs = 0
        """Number of rows that the function has been given."""

    def run(self, unit: Array, replicate: Array) -> Outcomes:
        """Outcomes of rows; a row that was run before is not run again.

        Raises
        ------
        DesignError
            When the function gives another outcome for the same row and seed.
        """
        keys = [row.tobytes() + int(luck).to_bytes(8, "little") for row, luck in zip(unit, replicate, strict=True)]
        fresh = {key: place for place, key in reversed(list(enumerate(keys))) if key not in self._known}
        places = sorted(fresh.values())
        if places:
            table = table_of(self.variables, unit[places])
            if self.lucky:
                table[SEED] = replicate[places]
            if not self._known:
                self._refuse_fresh_seeds(table.head(4))
            self._known.update(zip((keys[place] for place in places), self._call(table), strict=True))
        return self._gather([self._known[key] for key in keys])

    def _refuse_fresh_seeds(self, table: pd.DataFrame) -> None:
        one, two = self._call(table), self._call(table)
        for first, second in zip(one, two, strict=True):
            if isinstance(first, Exception) or isinstance(second, Exception):
                continue
            if any(not np.array_equal(first[name], second[name], equal_nan=True) for name in first):
                raise DesignError(FRESH)

    def _call(self, table: pd.DataFrame) -> list[dict[str, Array] | Exception]:
        """One entry a row: what came out, or why it failed."""
        self.runs += len(table)

        def work(rows: Sequence[int]) -> dict[str, Array]:
            return _named(self.function(table.iloc[list(rows)].reset_index(drop=True)), len(rows))

        called: list[dict[str, Array] | Exception] = []
        for rows, returned in halved(range(len(table)), work):
            if isinstance(returned, Exception):
                called.append(returned)
                continue
            # a wrong shape is no failed run: in some part of the rows it could pass for the right one
            _refuse_other_shapes(returned, len(rows))
            called += [{name: values[row] for name, values in returned.items()} for row in range(len(rows))]
        return called

    def _gather(self, rows: Sequence[dict[str, Array] | Exception]) -> Outcomes:
        good = [row for row in self._known.values() if not isinstance(row, Exception)]
        shapes = {name: np.shape(value) for row in good for name, value in row.items()}
        errors = [
            (place, f"{type(why).__name__}: {why}") for place, why in enumerate(rows) if isinstance(why, Exception)
        ]
        if not shapes:
            why = errors[0][1] if errors else "it returned nothing"
            raise DesignError(f"not a single run of the function could be finished. The first said: {why}")
        found = {name: np.full((len(rows), *shape), np.nan) for name, shape in shapes.items()}
        for place, row in enumerate(rows):
            for name, value in row.items() if isinstance(row, dict) else ():
                found[name][place] = value
        empty = next((name for name, values in found.items() if not np.isfinite(values).any()), None)
        if empty is not None:
            raise DesignError(f"{empty} is not a number in a single run of the function.")
        scalars = {name: values for name, values in found.items() if values.ndim == 1}
        curves = {name: values for name, values in found.items() if values.ndim == 2}
        months = range(next(iter(curves.values())).shape[1]) if curves else ()
        return Outcomes(scalars, curves, tuple(map(str, months)), errors)


FRESH = (
    "the model gives another outcome for the same point and the same seed, so each run has fresh luck. Luck that "
    "differs along a row of the design looks like an effect of whichever factor moved: with noise as large as the "
    "signal, a factor that does nothing gets a total index of 0.5. Derive all luck from the seed in the table; luck is "
    "then a factor, with a share of its own. Or explain the mean or a quantile of replicates (luck: mean, quantile)."
)


def _named(found: Any, rows: int) -> dict[str, Array]:
    """What a function returned, as outcome -> (row,) or (row, month)."""
    if isinstance(found, Mapping):
        names = list(found)
    elif hasattr(found, "columns"):  # a data frame, of pandas or another library
        names = list(found.columns)
    else:
        names, found = ["outcome"], {"outcome": found}
    written: dict[str, Any] = {}
    for name in names:
        if str(name) in written:
            other = written[str(name)]
            twice = f"two outcomes called {name!r}" if other == name else f"{other!r} and {name!r} as names"
            raise DesignError(f"the function returns {twice}; give each outcome a name of its own.")
        written[str(name)] = name
    return {str(name): _floats(str(name), _in_order(found[name], rows)) for name in names}


def _floats(name: str, values: Any) -> Array:
    """Values of an outcome as numbers, NaN where they are masked.

    Raises
    ------
    DesignError
        When they are complex: a study explains one number a run.
    """
    array = np.asarray(values)
    if np.iscomplexobj(array) or (array.dtype == object and any(map(np.iscomplexobj, array.flat))):
        raise DesignError(
            f"{name} is complex, and a study explains real numbers; return its real part, its imaginary part and its "
            "size as outcomes of their own."
        )
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.filled(values.astype(float), np.nan)
    return np.asarray(values, dtype=float)


def _refuse_other_shapes(arrays: Mapping[str, Array], rows: int) -> None:
    for name, values in arrays.items():
        if values.ndim not in (1, 2) or len(values) != rows:
            raise DesignError(
                f"{name} has shape {values.shape} for {rows} points; it must be (point,) or (point, month)"
            )


def _in_order(values: Any, rows: int) -> Any:
    """A column in the order of the table, which its index tells where it has one."""
    if isinstance(values, pd.Series | pd.DataFrame):
        if sorted(values.index) != list(range(rows)):
            raise ValueError(
                f"what came back has another index than the table, whose rows are 0 to {rows - 1}; keep the table's "
                "index, or return values.to_numpy()"
            )
        return values.sort_index()
    return values


class ScenarioModel:
    """A scenario with its variables, run through the ensemble store in a folder.

    Luck enters as the seed of the scenario, a factor like any other: replicate 7 of the design is the seed of the
    scenario plus 7. What stands in the store is not run again.

    Parameters
    ----------
    outcomes : columns such as ``focus_share@2029``, ``mean_wait_all`` or ``total_gain@2029-01``
    curves : levels to follow month by month
    cluster, workers : where runs are computed, and by how many; see `sim.experiments.runner.pools.pool`
    stage : told of the runs that are not in the store; see `Stage`
    """

    lucky = True

    def __init__(
        self,
        scenario: Scenario,
        variables: Sequence[Variable],
        outcomes: Sequence[str],
        curves: Sequence[str] = (),
        folder: str | Path | None = None,
        engine: str = "lockstep",
        model: str | Path | None = None,
        cluster: str = "",
        workers: int | None = None,
        stage: Stage | None = None,
    ):
        self.scenario, self.variables = scenario, list(variables)
        self.columns = tuple(dict.fromkeys(outcomes))
        self.recipe = _recipe(scenario, variables, self.columns, curves, engine, model)
        unknown = [name for name in self.columns if name not in self.recipe.columns]
        if unknown:
            raise UnknownNameError("outcome", unknown[0], self.recipe.columns)
        self.folder = Path(folder) if folder is not None else None
        refuse_address(cluster)
        self.cluster, self.workers = cluster, workers
        self.stage: Stage = stage or (lambda _: nullcontext(None))
        self.temporary: Any = None
        """Keeps a temporary folder of runs while the model lives; None where the folder is the caller's."""
        self.account: Any = None
        """What became of the runs of the last call; see `sim.experiments.ensemble.ensemble.Account`."""

    def points(self, unit: Array, replicate: Array) -> pd.DataFrame:
        """Rows as points of the ensemble."""
        table = table_of(self.variables, unit)
        table["run.seed"] = self.scenario.run.seed + np.asarray(replicate, dtype=np.int64)
        return table[list(self.recipe.keys)]

    def run(self, unit: Array, replicate: Array) -> Outcomes:
        """Outcomes of rows, from the store where they are in it already."""
        with self.opened() as (ensemble, where):
            numbers = ensemble.add(self.points(unit, replicate))
            left = len(ensemble.pending(numbers, 1))
            with self.stage(left) if left else nullcontext() as progress:
                self.account = ensemble.run(numbers, pool=where, watch=telling(progress))
            return self._gather(ensemble, numbers)

    @contextmanager
    def opened(self) -> Iterator[tuple[Ensemble, Pool]]:
        """The store of the runs, to write in, and who computes them."""
        if self.folder is None:
            raise DesignError("this scenario has no folder to keep its runs in; give one")
        with (
            pool(self.cluster, self.workers, compiles=self.recipe.compiles) as where,
            Ensemble.open(self.folder, self.recipe) as ensemble,
        ):
            yield ensemble, where

    def _gather(self, ensemble: Ensemble, numbers: list[int]) -> Outcomes:
        table = ensemble.table(["status", "error", *self.columns]).drop_duplicates("point").set_index("point")
        rows = table.reindex(numbers)
        scalars = {name: np.array(rows[name], dtype=float) for name in self.columns}
        bad = (rows["status"] != "ok").to_numpy()
        for name, values in scalars.items():
            if name not in self.recipe.gain_columns:  # which need no run
                values[bad] = np.nan
        # a run whose total gain is missing says why, and is good for the rest
        errors = [(place, text) for place, text in enumerate(rows["error"].astype(str)) if text]
        if bad.all() and not self.recipe.gains:
            raise DesignError(f"not a single run could be finished. The first said: {errors[0][1]}")
        if not self.recipe.curves:
            return Outcomes(scalars, errors=errors)
        series = ensemble.curves(list(self.recipe.curves))
        series = series.assign_coords(run=series["point"].values).drop_duplicates("run").reindex(run=numbers)
        curves = {name: series[name].transpose("run", "month").values for name in self.recipe.curves}
        return Outcomes(scalars, curves, tuple(map(str, series["date"].values)), errors)


def _recipe(
    scenario: Scenario,
    variables: Sequence[Variable],
    columns: Sequence[str],
    curves: Sequence[str],
    engine: str,
    model: str | Path | None,
) -> Recipe:
    members = [each for variable in variables for each in variable.members]
    parts = [name.partition("@") for name in columns]
    # an empty list would mean every outcome
    read = [column for column in columns if column.partition("@")[0] != total_gain.NAME]
    gains = [parse_month(month, scenario.run.months - 1) for name, _, month in parts if name == total_gain.NAME]
    if 0 in gains:
        raise DesignError(f"{total_gain.NAME} has no value in the first month; choose a later one.")
    recipe, _ = make_recipe(
        scenario,
        [*members, make_factor(scenario, "run.seed")],
        outcomes=read or ["focus_share"],
        curves=list(curves),
        engine=engine,
        model=model,
        gains=gains,
    )
    return recipe
