"""Functions whose sensitivity indices are known, as models of a table, with and without luck."""

from __future__ import annotations

import numpy as np
import pandas as pd

PI = np.pi
ISHIGAMI = {"x1": (-PI, PI), "x2": (-PI, PI), "x3": (-PI, PI), "inert": (0, 1)}
ISHIGAMI_VARIANCE = 7.0**2 / 8 + 0.1 * PI**4 / 5 + 0.01 * PI**8 / 18 + 0.5
ISHIGAMI_S1 = {"x1": 0.3139, "x2": 0.4424, "x3": 0.0, "inert": 0.0}
ISHIGAMI_ST = {"x1": 0.5576, "x2": 0.4424, "x3": 0.2437, "inert": 0.0}
G_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
G_FACTORS = {f"x{place}": (0, 1) for place in range(1, 6)}
LINEAR = {"a": (0, 1), "b": (0, 1), "c": (0, 1), "d": (0, 1), "inert": (0, 1)}
LINEAR_WEIGHTS = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}


def normal(seeds: pd.Series) -> np.ndarray:
    """A standard normal number for each seed: luck that is a function of the seed alone."""
    return np.array([np.random.default_rng([int(seed), 99]).standard_normal() for seed in seeds])


def ishigami(table: pd.DataFrame) -> np.ndarray:
    """Ishigami and Homma 1990, a = 7, b = .1."""
    x1, x2, x3 = (table[name].to_numpy() for name in ("x1", "x2", "x3"))
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


def noisy_ishigami(table: pd.DataFrame) -> np.ndarray:
    """Ishigami with luck that holds a fifth of the variance."""
    return ishigami(table) + np.sqrt(ISHIGAMI_VARIANCE / 4) * normal(table["seed"])


def sobol_g(table: pd.DataFrame) -> np.ndarray:
    """Sobol's g function."""
    x = table[list(G_FACTORS)].to_numpy()
    return np.prod((np.abs(4 * x - 2) + G_WEIGHTS) / (1 + G_WEIGHTS), axis=1)


def sobol_g_indices() -> tuple[np.ndarray, np.ndarray]:
    """S1 and ST of the g function."""
    own = 1 / (3 * (1 + G_WEIGHTS) ** 2)
    total = np.prod(1 + own) - 1
    return own / total, np.array([own[i] * np.prod(1 + np.delete(own, i)) for i in range(5)]) / total


def morris_function(table: pd.DataFrame) -> np.ndarray:
    """A function in the manner of Morris 1991: three straight factors, two that interact, one curved, two inert."""
    x = {name: 2 * (table[name].to_numpy() - 0.5) for name in table.columns if name.startswith("x")}
    return 20 * x["x1"] + 10 * x["x2"] - 5 * x["x3"] + 15 * x["x4"] * x["x5"] + 12 * x["x6"] ** 2


MORRIS = {f"x{place}": (0, 1) for place in range(1, 9)}


def linear(table: pd.DataFrame) -> np.ndarray:
    """Five factors, one inert, as in the comparison of ways to treat luck."""
    return sum(weight * table[name].to_numpy() for name, weight in LINEAR_WEIGHTS.items())  # type: ignore[return-value]


SIGNAL = sum(weight**2 for weight in LINEAR_WEIGHTS.values()) / 12


def noisy_linear(table: pd.DataFrame) -> np.ndarray:
    """The linear function with luck as large as the signal."""
    return linear(table) + np.sqrt(SIGNAL) * normal(table["seed"])


_fresh = np.random.default_rng(0)


def freshly_noisy(table: pd.DataFrame) -> np.ndarray:
    """The linear function with luck that nobody can repeat."""
    return linear(table) + np.sqrt(SIGNAL) * _fresh.standard_normal(len(table))
