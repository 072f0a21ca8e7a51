"""Least squares behind S-curves: the right minimum, and the same bits wherever its arrays lie in memory."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.scurves import fit
from sim.analysis.scurves.least_squares import least_squares
from sim.analysis.scurves.profile import FARTHEST, unit_curve
from sim.analysis.scurves.shapes import SHAPES

LEVEL = [
    375,
    355,
    403,
    417,
    389,
    383,
    407,
    384,
    426,
    426,
    434,
    431,
    422,
    408,
    409,
    412,
    432,
    446,
    458,
    438,
    435,
    420,
    418,
    413,
    421,
    419,
    441,
    438,
    428,
    428,
    424,
    428,
    434,
    416,
    418,
    425,
    432,
    435,
    433,
    432,
    433,
    431,
    430,
    427,
    424,
    428,
    417,
    418,
]
"""Thousandths of a share that has been level from the start: no family of curves has a sharp minimum there."""


def test_rosenbrock_and_a_parameter_without_effect():
    def missed(point):
        residuals = np.array([10 * (point[1] - point[0] ** 2), 1 - point[0]])
        return residuals, np.array([[-20 * point[0], 10.0, 0.0], [-1.0, 0.0, 0.0]])

    error, point = least_squares(missed, np.array([-1.2, 1.0, 7.0]))
    assert error < 1e-12
    np.testing.assert_allclose(point, [1, 1, 7], rtol=1e-5)


def test_a_fit_does_not_depend_on_where_its_arrays_lie():
    """MINPACK in SciPy 1.17 gave up to five different ceilings for such a record."""
    month, share = np.arange(len(LEVEL)), np.array(LEVEL) / 1000
    rng, held, found = np.random.default_rng(), [], set()
    for _ in range(12):
        held.append(np.empty(int(rng.integers(1, 60))))
        found.add(repr(fit(month, share).models))
    assert len(found) == 1


@pytest.mark.parametrize("family", SHAPES)
def test_slopes_are_those_of_the_curve_also_where_it_is_taken_as_level(family):
    shape, month = SHAPES[family], np.array([0.0, 20.0, 39.0, 45.0])
    theta = np.array([np.log(0.9), 40.0, 1.1][: 2 + bool(shape.starts)])
    assert np.exp(theta[0]) * (theta[1] - month[0]) > FARTHEST
    _, slopes = unit_curve(shape, month, theta)
    for column, step in enumerate(1e-6 * np.eye(theta.size)):
        ahead, behind = (unit_curve(shape, month, theta + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose(slopes[:, column], (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-8)
