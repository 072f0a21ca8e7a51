"""Designs: lists of points, from a cube or from a file."""

from __future__ import annotations

import numpy as np
import pytest

from sim.basics.errors import ScenarioError, UnknownNameError
from sim.experiments.ensemble.designs import grid, listed, remark, unit_points
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.ensemble.request import EnsembleRequest, ask, asked_for, enter
from sim.scenario.factors import parse_factor
from sim.scenario.resolve import load
from tests.worlds import BASELINE

TINY = {"months": 6, "adopters": 40}


@pytest.fixture(scope="module")
def baseline():
    return load(BASELINE).scenario


def test_a_latin_hypercube_has_one_point_in_every_slice():
    units = unit_points("lhs", 3, 50, seed=4)
    for column in units.T:
        assert sorted((column * 50).astype(int)) == list(range(50))


def test_a_sobol_sequence_goes_on_where_it_stopped():
    whole = unit_points("sobol", 4, 32, seed=3)
    parts = [unit_points("sobol", 4, 12, seed=3), unit_points("sobol", 4, 20, seed=3, first=12)]
    np.testing.assert_array_equal(whole, np.vstack(parts))
    balanced = (whole < 0.5).sum(axis=0)
    assert (balanced == 16).all()


@pytest.mark.parametrize("design", ["lhs", "sobol"])
def test_seed_zero_is_a_seed(design):
    first, again, other = (unit_points(design, 2, 8, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unbalanced_sobol_counts_are_remarked():
    assert "64 or 128" in remark("sobol", 100)
    assert remark("sobol", 128) == remark("lhs", 100) == ""


def test_a_grid_is_every_combination(baseline):
    texts = ("startup.switching_cost=0:1", "loops.R1=live|off", "lab.cadence_spread", "seed=0:100")
    columns = grid([parse_factor(text, baseline) for text in texts], 3)
    points = list(zip(*columns, strict=True))
    assert len(points) == len(set(points)) == 3 * 2 * 3 * 3
    assert sorted(set(columns[0])) == [0.0, 0.5, 1.0]
    assert sorted(set(columns[2])) == [0, 1, 2]
    assert sorted(set(columns[3])) == [0, 50, 100]
    unbounded = grid([parse_factor("prices.cost_level~lognormal(0.6, 0.3)", baseline)], 4)
    assert np.isfinite(unbounded[0]).all()
    with pytest.raises(ScenarioError, match="would have"):
        grid([parse_factor("seed", baseline), parse_factor("startup.switching_cost", baseline)], 10_000)


def test_points_come_from_a_file(baseline, tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(
        "startup.switching_cost,loops.R1,policies.chip-control-h200.start\n0.4,off,2026-01\n\n0.40,live,30\n",
        encoding="utf-8",
    )
    factors, columns, _ = listed(path, baseline)
    assert [factor.key for factor in factors][:2] == ["startup.switching_cost", "loops.R1"]
    assert columns == [[0.4, 0.4], ["off", "live"], [24, 30]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("startup.switching_cos\n1\n2\n", 'Did you mean "switching_cost"'),
        ("startup.switching_cost\n0.2\n-1\n", r"points.csv:3: .*it must be at least 0"),
        ("startup.switching_cost,loops.R1\n0.2\n", r"points.csv:2: loops.R1 is empty"),
        ("startup.switching_cost,loops.R1\n0.2,\n", "is empty"),
        ("startup.switching_cost\n", "holds no points"),
    ],
)
def test_a_wrong_file_of_points_is_refused_in_place(baseline, tmp_path, text, said):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=said):
        listed(path, baseline)
    with pytest.raises(ScenarioError, match="cannot be read"):
        listed(tmp_path / "nothing.csv", baseline)


SWITCH, LOOP = "startup.switching_cost", "loops.R1"


@pytest.mark.parametrize(
    ("text", "points", "notes"),
    [
        (f"{SWITCH};{LOOP}\n0,2;live\n0,9;off\n", [(0.2, "live"), (0.9, "off")], []),
        (f"{SWITCH}\t{LOOP}\n0.2\tlive\n0.9\toff\n", [(0.2, "live"), (0.9, "off")], []),
        (f"{SWITCH},\n0.2,\n0.9,,\n", [(0.2,), (0.9,)], []),
        (f",{SWITCH}\n0,0.2\n1,0.9\n", [(0.2,), (0.9,)], ["column 1 has no name and is left out"]),
        (f"# mine\n{SWITCH}\n0.2\n", [(0.2,)], ["line 1, above the header, is left out"]),
        (f"{SWITCH}\n0.2\n0.9\n.2\n", [(0.2,), (0.9,), (0.2,)], ["line 4 repeats the point of line 2"]),
    ],
)
def test_a_list_of_points_is_read_like_any_table(baseline, tmp_path, text, points, notes):
    path = tmp_path / "points.tsv"
    path.write_text(text, encoding="utf-8")
    asked = study(design=str(path))
    assert list(asked.listed) == points
    told = [note for note in asked.notes if any(note.startswith(begin) for begin in notes)]
    assert len(told) == len(notes) == len(asked.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SWITCH}\n0.2\n1e400\n", [f':3: {SWITCH} is "1e400"; it must be a finite number']),
        (f"{SWITCH}\n\n0.2\n.inf\n", [f':4: {SWITCH} is ".inf"; it must be a finite number']),
        (f"{SWITCH}\n0,5\n", [":2: has 2 cells", "Write 0.5"]),
        (f'{SWITCH}\n"0,5"\n', [f':2: {SWITCH} is "0,5"', "Write 0.5."]),
        (f"seed;{LOOP}\n1,234;live\n", [':2: seed is "1,234"', "Write 1234 or 1.234."]),
        (f"seed;{SWITCH}\n1.234;0,2\n", [':2: seed is "1.234", and ' + SWITCH, "Write 1234 or 1,234."]),
        (f"{SWITCH},{SWITCH}\n0.2,0.3\n", ["has two columns", "Rename or delete one"]),
        ("seed,run.seed\n1,2\n", ['run.seed has a second column for "run.seed"', "Delete one"]),
        (f'{SWITCH}\n0.2\n"0.3\n0.4\n', [":3: a quote opened in line 3 never closes"]),
        (f"{SWITCH},loops.R9\n-1,live\n-2,live\n-3,live\n", [":2: ", "The same in 2 more lines", 'no "R9"']),
    ],
)
def test_mistakes_in_a_list_of_points_are_refused_with_what_to_write(baseline, tmp_path, text, words):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        listed(path, baseline)
    for word in words:
        assert word in str(refused.value)


def test_a_number_of_points_is_refused_beside_a_list_of_them(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(f"{SWITCH}\n0.2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"--points: cannot be given.*\n  Leave out --points"):
        study(design=str(path), count=5)


# studies


def study(**about) -> EnsembleRequest:
    about = {"settings": TINY, "outcomes": ["focus_share"], "curves": [], **about}
    return ask([BASELINE], **about)


def test_a_scenario_where_nothing_varies_is_one_point():
    found = study()
    assert found.points() == [()]
    assert found.replicates == 20  # the scenario's own
    with pytest.raises(ScenarioError, match="nothing varies"):
        study(count=10)


def test_factors_of_the_command_line_prevail_over_the_file(tmp_path):
    path = tmp_path / "ranges.yaml"
    path.write_text(
        f"extends: {BASELINE}\nparameters: {{startup: {{switching_cost: [0.2, 0.4], review_rate: [0.1, 0.2]}}}}\n",
        encoding="utf-8",
    )
    plain = ask([path], settings=TINY)
    assert [str(factor) for factor in plain.recipe.factors] == [
        "startup.switching_cost~uniform(0.2, 0.4)",
        "startup.review_rate~uniform(0.1, 0.2)",
    ]
    changed = ask([path], settings=TINY, factors=["startup.switching_cost=0:1", "startup.review_rate", "loops.R1"])
    assert [str(factor) for factor in changed.recipe.factors] == [
        "startup.switching_cost~uniform(0.0, 1.0)",
        "startup.review_rate~uniform(0.1, 0.2)",
        "loops.R1=live|off",
    ]
    assert changed.recipe.scenario.varied == {}
    assert changed.replicates == 4


def test_every_declared_range_can_be_asked_for():
    found = study(factors=["all", "startup.switching_cost=0:0.1"], count=4)
    assert len(found.recipe.factors) > 300
    for point in found.points():
        values = dict(zip(found.recipe.keys, point, strict=True))
        assert values["adopter.mode_dissimilarity"] <= values["adopter.line_dissimilarity"]
        assert 0 <= values["startup.switching_cost"] <= 0.1


def test_several_scenarios_are_run_at_every_point():
    files = [BASELINE, BASELINE.with_name("no-data-loop.yaml")]
    found = ask(files, settings=TINY, factors=["startup.switching_cost"], count=3)
    points = found.points()
    assert [name for name, _ in points] == ["baseline"] * 3 + ["no-data-loop"] * 3
    assert [value for _, value in points[:3]] == [value for _, value in points[3:]]


def test_a_wrong_design_is_refused():
    with pytest.raises(UnknownNameError, match="lhs"):
        study(design="latin", factors=["seed"])


@pytest.mark.parametrize("design", ["lhs", "sobol", "grid"])
def test_a_larger_design_adds_to_a_smaller_one(tmp_path, design):
    counts = (3, 5) if design == "grid" else (4, 8)
    made = []
    for count in counts:
        asked = study(design=design, factors=["startup.switching_cost=0:1"], count=count, replicates=1)
        with Ensemble.open(tmp_path / "store", asked.recipe) as ensemble:
            made.append(enter(ensemble, asked))
            total = len(ensemble.store.points)
    assert len(made[1]) == counts[1]
    assert set(made[0]) <= set(made[1])
    assert total == counts[1]
    if design == "lhs":  # two hypercubes, each of which covers the range evenly
        values = np.array(ensemble.store.points)[:, 0]
        for block in (values[:4], values[4:]):
            assert sorted((block * 4).astype(int)) == [0, 1, 2, 3]
    again = study(design=design, factors=["startup.switching_cost=0:1"], count=counts[1], replicates=1)
    with Ensemble.open(tmp_path / "store", again.recipe) as ensemble:
        assert enter(ensemble, again) == made[1]
        fewer = study(design=design, factors=["startup.switching_cost=0:1"], count=counts[0], replicates=1)
        assert set(enter(ensemble, fewer)) <= set(made[1])
        assert len(ensemble.store.points) == counts[1]


def test_a_store_knows_what_was_asked_of_it(tmp_path):
    for replicates in (2, 3, 1):
        asked = study(factors=["startup.switching_cost=0:1"], count=3, replicates=replicates)
        with Ensemble.open(tmp_path / "store", asked.recipe) as ensemble:
            enter(ensemble, asked)
    assert asked_for(ensemble.store) == [([0, 1, 2], 3)]


def test_more_listed_points_add_to_the_same_store(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("startup.switching_cost,loops.R1\n0.2,live\n0.4,live\n", encoding="utf-8")
    first = study(design=str(path), replicates=1)
    path.write_text("startup.switching_cost,loops.R1\n0.2,live\n0.8,off\n", encoding="utf-8")
    second = study(design=str(path), replicates=1)
    assert first.recipe.name == second.recipe.name
    for each in (first, second):
        with Ensemble.open(tmp_path / "store", each.recipe) as ensemble:
            enter(ensemble, each)
    assert list(ensemble.store.points) == [(0.2, "live"), (0.4, "live"), (0.8, "off")]
    assert Ensemble.open(tmp_path / "store").recipe.factors[1].distribution.values == ("live", "off")
