"""An ensemble as the EMA workbench knows results: a table of experiments and arrays of outcomes.

Its PRIM, CART, feature scoring and figures work on the pair that `experiments_and_outcomes` gives, and its
``load_results`` reads what `save` writes. ``docs/other-tools.md`` shows their use.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.discovery import INSTALL
from sim.basics.arguments import out_folder
from sim.basics.errors import OutputError
from sim.experiments.runner.recipe import SCENARIO
from sim.experiments.runner.store import Store
from sim.experiments.runner.worker import OK

BESIDE = ("scenario", "policy", "model", "replicate")
"""Columns of the experiments that are no factors."""


def experiments_and_outcomes(store: Store) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The finished runs of an ensemble, as the EMA workbench takes them.

    Returns
    -------
    experiments
        One row a run: a column for each factor, and `BESIDE`: the number of the point, the scenario of OpenLoop, the
        engine, and the replicate. Words and switches are categories.
    outcomes
        Name -> (run,) for what is one number a run, (run, month) for curves.

    Raises
    ------
    OutputError
        When the ensemble holds no finished run.
    """
    recipe, rows = store.recipe, store.table()
    rows = rows[rows["status"] == OK]
    if rows.empty:
        raise OutputError(f"{store.folder} holds no finished run yet")
    experiments = pd.DataFrame({key: _column(rows[key]) for key in recipe.keys if key != SCENARIO})
    policies = rows[SCENARIO] if SCENARIO in recipe.keys else pd.Series(recipe.scenario.name, rows.index)
    beside = (rows["point"], policies.astype("category"), recipe.engine, rows["replicate"])
    experiments = experiments.assign(**dict(zip(BESIDE, beside, strict=True)))
    experiments["model"] = experiments["model"].astype("category")
    outcomes = {name: rows[name].to_numpy(dtype=float) for name in recipe.columns}
    if recipe.curves:
        curves = store.curves()
        outcomes |= {name: curves[name].transpose("run", "month").values for name in recipe.curves}
    return experiments.reset_index(drop=True), outcomes


def _column(values: pd.Series) -> pd.Series:
    numbers = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return values if numbers else values.astype(str).astype("category")


def save(store: Store, file: str | Path) -> Path:
    """Write the finished runs of an ensemble as an archive that ``ema_workbench.load_results`` reads.

    Parameters
    ----------
    file : its name, which ends in ``.tar.gz``

    Raises
    ------
    OutputError
        When the EMA workbench is not installed, the ensemble holds no finished run, or the file cannot be written.
    """
    path = out_folder(file, "--export")
    if not path.name.endswith(".tar.gz"):
        raise OutputError(f"{path} must end in .tar.gz, which is what the EMA workbench reads")
    results = experiments_and_outcomes(store)
    workbench = _workbench()
    for name, values in results[1].items():  # the archive names the class of each
        (workbench.ScalarOutcome if values.ndim == 1 else workbench.TimeSeriesOutcome)(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        workbench.save_results(results, str(path))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def _workbench() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parallel evaluators, which are not used here
            import ema_workbench
    except ImportError:
        raise OutputError(f"the EMA workbench is not installed, and it writes its archives itself: {INSTALL}") from None
    return ema_workbench
