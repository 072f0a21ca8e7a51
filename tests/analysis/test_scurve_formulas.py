"""The parts of S-curves one by one: closed forms, criteria, boundaries and words, from examples worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.analysis.scurves import (
    SHAPES,
    SCurve,
    arrivals,
    contest,
    contest_probabilities,
    fit,
    from_times,
    hysteresis,
    time_to,
)
from sim.analysis.scurves.bootstrap import _ends, bootstrap
from sim.analysis.scurves.curve import _average, _best, _hull, _was_known_before, known_part, plausibility
from sim.analysis.scurves.describe import (
    SeriesDescription,
    curve_sentence,
    fit_rows,
    is_contested,
    percents,
    replicate_rows,
    series_rows,
)
from sim.analysis.scurves.profile import ModelFit, effective_months, error_floor
from sim.basics.table import Series

# families


def test_families_are_the_curves_of_the_literature():
    z = np.linspace(-3, 5, 9)
    values = {name: shape.value for name, shape in SHAPES.items()}
    assert values["logistic"](z, 0.0)[0] == pytest.approx(1 / (1 + np.exp(-z)))
    assert values["Gompertz"](z, 0.0)[0] == pytest.approx(np.exp(-np.exp(-z)))
    nu = 3.0  # richards1959, steepest where z is 0
    assert values["Richards"](z, math.log(nu))[0] == pytest.approx((1 + nu * np.exp(-z)) ** (-1 / nu))
    assert values["Richards"](np.array([-0.1, 0.0, 0.1]), math.log(nu))[1].argmax() == 1
    p, q = 0.02, 0.38  # bass1969; half of the way in time lies at ln(q / p) / (p + q)
    month = np.linspace(0.0, 20.0, 9)
    decay = np.exp(-(p + q) * month)
    bass = values["Bass"]((p + q) * month - math.log(q / p), math.log(q / p))[0]
    assert bass == pytest.approx((1 - decay) / (1 + q / p * decay), abs=1e-12)
    assert values["Bass"](np.array([-math.log(q / p) - 1]), math.log(q / p))[0] == 0, "nothing before the launch"


def model(name: str = "logistic", ceiling: float = 0.6, aicc: float = 0.0, **given: float) -> ModelFit:
    made = {"ceiling_low": 0.9 * ceiling, "ceiling_high": 1.1 * ceiling, "rate": 0.2, "inflection": 30.0, "shape": 0.0}
    return ModelFit(name, ceiling, error=0.1, aicc=aicc, **{**made, **given})


def test_a_family_is_half_way_where_it_should_be_and_takes_as_long_as_its_formula():
    logistic, gompertz = model(), model("Gompertz")
    assert logistic.at(np.array([30.0, 40.0])) == pytest.approx([0.3, 0.6 / (1 + math.exp(-2))])
    assert gompertz.at(np.array([30.0])) == pytest.approx([0.6 / math.e])
    assert logistic.duration == pytest.approx(2 * math.log(9) / 0.2)
    assert gompertz.duration == pytest.approx((math.log(math.log(10)) - math.log(-math.log(0.9))) / 0.2)
    assert logistic.growth_rate == pytest.approx(0.2)
    assert gompertz.growth_rate == pytest.approx(4 * 0.2 / math.e)


# criteria


def test_months_count_as_independent_by_the_autocorrelation_of_what_is_left():
    # of 79 neighbours 60 agree and 19 do not, over 80 squares
    blocks = np.tile([1.0, 1, 1, 1, -1, -1, -1, -1], 10)
    part = 41 / 80
    assert effective_months(blocks) == pytest.approx(80 * (1 - part) / (1 + part))
    assert effective_months(np.tile([1.0, -1.0], 20)) == 40, "what alternates counts for no more than it is"
    assert effective_months(np.ones(50)) == 7
    assert effective_months(np.zeros(50)) == 50
    assert error_floor(np.array([0.1, 0.5, 0.2])) == pytest.approx(3 * 0.25e-12)


def test_models_are_weighed_by_akaike_up_to_four_units():
    assert plausibility([10.0, 12.0, 8.0, 12.1]) == pytest.approx([math.exp(-1), 0.0, 1.0, 0.0])
    assert plausibility([0.0, 3.9]) == pytest.approx([1.0, math.exp(-1.95)])


def test_the_simplest_model_as_good_as_any_is_the_best():
    three, four = model(aicc=1.9), model("Bass", aicc=0.0)
    assert _best([four, three]) is three
    assert _best([four, model(aicc=2.0)]) is four
    better = model("Gompertz", aicc=1.0)
    assert _best([three, better, four]) is better


def test_an_average_counts_no_ceiling_beyond_everybody_and_an_interval_holds_it():
    models = [model(ceiling=0.6, weight=0.75), model(ceiling=2.0, weight=0.25), model(ceiling=math.nan, weight=0.0)]
    assert _average(models, "ceiling", 1.0) == pytest.approx(0.7)
    assert _average(models, "ceiling") == pytest.approx(0.95)
    one = model(ceiling=1.0)
    assert [_hull(one, ceiling) for ceiling in (0.8, 1.0, 1.3)] == [(0.8, 1.1), (0.9, 1.1), (0.9, 1.3)]
    curve = SCurve("identified", models=(*models[:2], model(ceiling=9.0)))
    assert curve.at(np.array([30.0])) == pytest.approx([0.75 * 0.3 + 0.25 * 1.0])
    assert np.isnan(SCurve("not identified").at(np.array([30.0, 31.0]))).all()


def test_a_ceiling_all_but_reached_before_the_last_tenth_needs_no_second_look():
    month = np.arange(40.0)
    near, far = model(inflection=24.0), model(inflection=24.1)  # nine tenths come 10.99 months later, at 34.99
    noise = np.random.default_rng(0).uniform(size=40)  # no record from which anything could be known
    assert _was_known_before(near, month, noise, 3.0)
    assert not _was_known_before(far, month, noise, 3.0)


def test_moments_of_a_fit_are_read_off_the_record_at_parts_of_its_ceiling():
    month = np.arange(10.0, 80.0)
    curve = 0.8 / (1 + np.exp(-0.2 * (month - 39.5)))
    found = fit(month, curve)
    assert found.status == "identified"
    assert found.ceiling == pytest.approx(0.8, rel=1e-4)
    # ln 9 / 0.2 is 10.99; half of all adopters at 0.625 of the ceiling, a tenth of them at 0.125 of it
    assert (found.take_off, found.half, found.half_absolute, found.take_off_absolute) == (29, 40, 43, 30)
    assert found.half_low <= 40 <= found.half_high <= 41
    assert not found.began_above
    again = bootstrap(month, curve, found, resamples=2)
    assert set(again) == {"ceiling", "take_off", "half", "duration", "growth_rate", "inflection"}
    for name, ends in again.items():
        assert ends == pytest.approx([getattr(found, name)] * 2, rel=1e-3), "without noise all resamples are the record"
    for level, above in ((0.1, True), (0.09, False)):
        assert fit(np.arange(5), np.full(5, level)).began_above == above, "a tenth is enough"


def test_twelve_values_are_fitted_and_eleven_are_not_and_gaps_do_not_count():
    month = np.arange(12)
    share = 0.6 / (1 + np.exp(-0.8 * (month - 5.0)))
    assert len(fit(month, share).models) == 4
    assert fit(month[:-1], share[:-1]).models == ()
    gaps = np.where(month == 3, np.nan, share)
    assert fit(month, gaps).models == ()
    assert [part.tolist() for part in known_part([1, 2, 3], [0.1, np.nan, 0.3])] == [[1, 3], [0.1, 0.3]]


def test_ends_of_the_bootstrap_are_resamples_and_never_comes_last():
    values = np.arange(201.0)
    assert _ends(values[::-1]) == (5, 195)
    assert _ends(np.where(values > 150, np.nan, values)) == pytest.approx((5, math.nan), nan_ok=True)


def test_one_block_of_all_residuals_is_the_record_again():
    month = np.arange(60.0)
    curve = 0.6 / (1 + np.exp(-0.2 * (month - 25)))
    share = curve + 0.02 * np.random.default_rng(11).standard_normal(60)
    found = fit(month, share)
    crossed = time_to(share - (share - found.at(month)).mean(), 0.1 * found.ceiling)
    # a month before or after, backwards or with the other sign, the residuals would have it cross elsewhere
    again = bootstrap(month, share, found, resamples=2, block=60)
    assert again["take_off"] == (crossed, crossed)
    assert sum(model.weight > 0 for model in found.models) > 1
    for name in ("ceiling", "duration", "growth_rate", "inflection"):
        assert again[name] == pytest.approx([getattr(found, name)] * 2, rel=0.02), "averages of the families, by weight"


# replicates


def test_kaplan_meier_has_the_published_intervals_and_quantiles():
    """Freireich et al. 1963: the log-log intervals of every textbook (Stata's `sts list`)."""
    time = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
    relapse = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    found = from_times(time, relapse)
    assert found.month.tolist() == [6, 7, 10, 13, 16, 22, 23]
    low = [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881]
    high = [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801]
    assert 1 - found.reached_high == pytest.approx(low, abs=5e-5)
    assert 1 - found.reached_low == pytest.approx(high, abs=5e-5)
    assert (found.early.value, found.early.low) == (6, 6)
    assert np.isnan(found.late.value)
    # some were lost on the way, so the part is the estimate's and not nine of 21
    assert (found.part.value, found.part.low, found.part.high) == pytest.approx((0.5518, 0.3199, 0.8119), abs=5e-5)
    ten = from_times(np.arange(1.0, 11.0), np.ones(10, dtype=bool))
    assert (ten.early.value, ten.median.value, ten.late.value) == (1, 5, 9)
    # without anybody lost, the plain mean with the variance of its values over their number: 82.5 / 10 / 10
    assert (ten.mean_wait.value, ten.watched) == (5.5, 10)
    assert ten.mean_wait.reach == pytest.approx(1.959964 * math.sqrt(0.825))


def test_waits_count_from_the_first_month_of_the_watch():
    share = np.array([[0.0, 0.6, 0.7, 0.8], [0.0, 0.0, 0.1, 0.2]])
    found = arrivals(share, 0.5, np.array([20, 22, 24, 26]))
    assert (found.month.tolist(), found.watched) == ([22], 6)
    assert found.mean_wait.value == pytest.approx((2 + 6) / 2)
    # Greenwood: the area of 2 after the arrival, squared, times 1 / (2 * 1)
    reach = 1.959964 * math.sqrt(2)
    assert (found.mean_wait.low, found.mean_wait.high) == pytest.approx((4 - reach, 6.0)), "no more than the watch"
    assert found.part.value == 0.5


def steps(*levels: tuple[float, int]) -> np.ndarray:
    return np.concatenate([np.full(length, level) for level, length in levels])


def test_twelve_months_on_one_side_count_and_eleven_do_not():
    share = np.array(
        [
            steps((0.2, 10), (0.5, 12), (0.4, 28)),  # at the level itself
            steps((0.2, 10), (0.5, 11), (0.4, 29)),
            steps((0.2, 10), (0.6, 28), (0.4, 12)),
            steps((0.2, 10), (0.6, 29), (0.4, 11)),
        ]
    )
    month = 100 + 2 * np.arange(50)
    found = contest(share, month)
    assert found.takeover == pytest.approx([120, np.nan, 120, 120], nan_ok=True)
    assert found.reversal == pytest.approx([144, np.nan, 176, np.nan], nan_ok=True)
    assert found.above.tolist() == [24, 22, 56, 58], "months, of two a step"
    assert (found.peak.tolist(), found.last.tolist()) == ([0.5, 0.5, 0.6, 0.6], [0.4] * 4)
    assert found.peak_month.tolist() == [120] * 4
    with pytest.raises(ValueError, match="no gaps"):
        contest(np.array([[0.1, np.nan]]))


def test_each_probability_is_that_of_its_own_event_from_ten_runs_on():
    share = np.array(
        [
            *[steps((0.2, 10), (0.7, 50))] * 4,  # tipped
            *[steps((0.2, 10), (0.7, 15), (0.2, 35))] * 2,  # reversed, locked in below
            *[steps((0.7, 60))] * 1,  # on top from the beginning
            *[steps((0.2, 40), (0.7, 20))] * 3,  # open at the end
        ]
    )
    found = {name: chance.value for name, chance in contest_probabilities(contest(share)).items()}
    expected = {"takeover": 1.0, "reversal": 0.2, "lock-in above half": 0.5, "lock-in below half": 0.2, "tipping": 0.4}
    assert found == pytest.approx(expected)
    assert np.isnan(contest_probabilities(contest(share[1:]))["takeover"].value)


def test_what_is_left_of_an_effect_is_read_36_months_after_its_last():
    without = np.full((3, 50), 0.3)
    effect = np.zeros(50)
    effect[13], effect[49] = 0.2, 0.05
    found = hysteresis(without, without + effect, ended=13)
    assert (found.effect.value, found.left.value, found.part) == pytest.approx((0.2, 0.05, 0.25))
    with pytest.raises(ValueError, match="beyond"):
        hysteresis(without, without, ended=14)


# words


def test_a_fall_by_more_than_a_quarter_of_the_range_makes_a_share_contested():
    for last, contested in ((0.625, False), (0.62, True)):
        assert is_contested(np.append(np.linspace(0.25, 0.75, 11), last)) == contested
    assert not is_contested(np.append(np.linspace(0.0, 0.5, 10), 0.0)), "eleven points say nothing"


def test_a_row_tells_peak_time_on_top_and_when_levels_are_reached():
    time = np.array([2000.0, *range(2001, 2011), 2020.0, 2021.0])
    share = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.4, *[0.45] * 5, 0.7, 0.3])
    series = Series("x", time, share, step="years")
    description = SeriesDescription(series, SCurve("weak", take_off_absolute=2000, half_absolute=2003), contested=True)
    (row,) = series_rows([description]).to_dict("records")
    assert (row["points"], row["first"], row["last"], row["last_share"]) == (13, "2000", "2021", 0.3)
    assert (row["peak"], row["peak_time"], row["status"]) == (0.7, 2020, "contested")
    assert row["time_above_half"] == 2 + 1, "from 2003 to 2005, and from 2020 to 2021"
    assert (row["reaches_10"], row["reaches_50"]) == ("by 2000", "2003")
    assert "peaked at 70% in 2020" in row["sentence"]
    assert "above half for 3 of 13 points" in row["sentence"]
    late = SCurve("not identified", take_off_absolute=2020, half_absolute=2020)
    (row,) = series_rows([SeriesDescription(series, late)]).to_dict("records")
    assert (row["reaches_10"], row["reaches_50"]) == ("between 2010 and 2020",) * 2


def test_a_weak_row_has_the_half_of_its_ceilings_ends_and_an_identified_one_the_bootstraps():
    series = Series("x", np.arange(20.0), np.linspace(0.05, 0.4, 20))
    models = (model(ceiling=0.6), model("Bass", ceiling=0.9), model("Gompertz", ceiling_low=math.nan))
    told = {"ceiling_low": 0.5, "ceiling_high": 0.9, "half_low": 10.0, "half_high": 21.0, "models": models}
    intervals = {"ceiling": (0.55, 0.65), "half": (12.0, 14.0), "duration": (8.0, 9.0)}
    weak, sure = (
        SeriesDescription(series, SCurve(status, **told, half=13.0), intervals) for status in ("weak", "identified")
    )
    rows = series_rows([weak, sure])
    assert rows[["half_low", "half_high"]].to_numpy().tolist() == [[10, 21], [12, 14]]
    assert rows[["duration_low", "duration_high"]].to_numpy().tolist() == [[8, 9]] * 2
    assert rows[["ceiling_bootstrap_low", "ceiling_bootstrap_high"]].to_numpy().tolist() == [[0.55, 0.65]] * 2
    assert weak.possible == pytest.approx((0.54, 0.99))
    assert "known only as an interval, 50 to 90%" in curve_sentence(weak)
    fits = fit_rows([weak, sure])
    assert fits["model"].tolist() == ["logistic", "Bass", "Gompertz"] * 2
    assert fits["ceiling"].tolist() == [0.6, 0.9, 0.6] * 2
    assert [percents(*ends) for ends in ((0.644, 0.686), (0.996, 1.3), (0.95, 2.0))] == [
        "64 to 69%",
        "100%",
        "95 to 100%",
    ]


def test_what_replicates_say_comes_with_its_unit():
    runs = np.tile(steps((0.0, 10), (0.2, 10), (0.6, 40)), (10, 1))
    series = Series("x", 5 + np.arange(60.0), runs[0], "month")
    both = [SeriesDescription(series, SCurve("weak"), runs=runs, rivals=rivals) for rivals in (True, False)]
    table = replicate_rows([*both, SeriesDescription(series, SCurve("weak"))])
    assert (len(table), set(table["runs"])) == (2 * 7 + 5, {10})
    found = table.head(12).set_index("what")[["value", "unit"]]
    expected = {
        "part of runs that reach 10%": [1.0, "share"],
        "median time of take-off (10% of adopters)": [15.0, "months since 2024-01"],
        "mean wait for take-off, restricted to the window": [10.0, "months"],
        "part of runs that reach 50%": [1.0, "share"],
        "median time of half (50% of adopters)": [25.0, "months since 2024-01"],
        "mean wait for half, restricted to the window": [20.0, "months"],
        "mean wait of an adopter, restricted to the window": [10 + 8 + 16, "months"],
        "probability of takeover": [1.0, "share"],
        "probability of tipping": [1.0, "share"],
    }
    for what, (value, unit) in expected.items():
        assert found.loc[what].tolist() == [pytest.approx(value), unit], what
