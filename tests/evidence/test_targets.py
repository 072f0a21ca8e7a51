"""The targets of the record: what ships, that a file of one's own is read alike, and that mistakes are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sim.basics.errors import TableError, UnknownNameError
from sim.evidence.targets import CENSORING, COLUMNS, SHIPPED, TRANSFORMS, Nuisance, Targets, listing, read_targets
from tests.worlds import ROOT

HEADER = "target,month,value,observation_sd,discrepancy_sd,observable,unit,transform,censoring,lower,upper"
SDS = {
    "openrouter_topn_share_chinese": 0.07,
    "openrouter_share_chinese_all": 0.04,
    "openrouter_share_us_all": 0.06,
    "openrouter_share_open_weight": 0.04,
    "arena_gap_closed_open_elo": 25,
    "arena_gap_us_cn_elo": 25,
    "gap_months_cn_us_eci": (3, 2),
    "gap_months_open_closed_mean": 2,
    "price_us_closed": 0.7,
    "price_cn_open": 0.7,
    "btos_old_question": (0.02, 0.03),
    "btos_new_question": 0.02,
    "eurostat_ai_use_rate": 0.02,
    "china_manufacturing_ai_adoption": 0.06,
    "menlo_open_source_share": 0.04,
    "menlo_chinese_share": 0.01,
    "compute_share_china": 0.05,
    "compute_owned_share_china": 0.02,
    "compute_share_us": 0.08,
    "world_chip_stock": 0.2,
    "capex_us_big4_2025": 0.2,
    "capex_us_big4_2026": 0.2,
    "hf_cum_downloads_share_chinese": 0.06,
    "hf_new_derivatives_share_chinese": 0.08,
    "us_ai_startups_on_chinese_models": 0.05,
    "enterprise_multi_model_3plus": 0.1,
    "china_chip_domestic_share_2024": 0.08,
    "huawei_output_2025": 0.4,
    "smuggled_chips_2024": 0.8,
    "nvidia_revenue_share_china": 0.03,
    "home_share_china": 0.04,
    "chinese_share_ratio_gs_us": 0.4,
    "vendor_switching": 0.03,
}
"""Joint sd of every target, entered by hand from the description of the model."""


def own(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def refused(path: Path) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_targets(path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


# what ships


def test_the_record_has_33_targets_and_99_points():
    targets = read_targets()
    assert [target.key for target in targets] == list(SDS)
    assert (len(targets), sum(len(target.points) for target in targets)) == (33, 99)
    assert targets.notes == ()


def test_both_sds_of_a_point_make_up_its_joint_sd():
    for target in read_targets():
        joint = SDS[target.key]
        wanted = joint if isinstance(joint, tuple) else (joint,) * len(target.points)
        for point, sd in zip(target.points, wanted, strict=True):
            assert math.sqrt(point.observation_sd**2 + point.discrepancy_sd**2) == pytest.approx(sd, rel=1e-9, abs=0)
            assert min(point.observation_sd, point.discrepancy_sd) > 0


def test_only_shares_that_a_ranking_bounds_are_censored():
    censored = {
        (target.key, point.month): point.bounds
        for target in read_targets()
        for point in target.points
        if point.censoring != "none"
    }
    assert censored == {
        ("openrouter_share_chinese_all", 26): (0.5, 0.608),
        ("openrouter_share_chinese_all", 27): (0.451, 0.573),
        ("openrouter_share_us_all", 26): (0.392, 0.5),
        ("openrouter_share_us_all", 27): (0.427, 0.549),
    }


def test_bounds_of_one_month_leave_room_for_both_shares():
    targets = read_targets()
    for month in (26, 27):
        chinese, american = (
            next(point for point in targets[f"openrouter_share_{which}_all"].points if point.month == month)
            for which in ("chinese", "us")
        )
        unnamed = chinese.upper - chinese.lower
        assert american.upper - american.lower == pytest.approx(unnamed, abs=0.002)
        assert chinese.lower + american.lower + unnamed <= 1 + 1e-9


def test_months_rise_and_lie_within_what_a_run_can_have():
    for target in read_targets():
        months = [point.month for point in target.points]
        assert months == sorted(set(months)), target.key
        assert 0 <= months[0] <= months[-1] <= 36, target.key


def test_a_nuisance_number_stands_where_the_instrument_has_one():
    held = {target.key: target.nuisance for target in read_targets() if target.nuisance}
    assert held == {
        "arena_gap_closed_open_elo": "elo_per_nat",
        "arena_gap_us_cn_elo": "elo_per_nat",
        "btos_old_question": "btos_question_factor",
    }
    assert set(held.values()) == set(Nuisance.model_fields)
    assert 0.097 * Nuisance().btos_question_factor == pytest.approx(0.17, abs=0.001)


def test_only_the_weekly_series_has_errors_that_last():
    assert {target.key: target.autocorrelation for target in read_targets() if target.autocorrelation} == {
        "openrouter_topn_share_chinese": 0.2
    }


def test_a_target_is_found_by_its_name():
    assert read_targets()["vendor_switching"].points[0].value == 0.11
    with pytest.raises(UnknownNameError, match='Did you mean "vendor_switching"'):
        read_targets()["vendor_swiching"]


# how a run is held against them


def test_a_residual_is_measured_on_the_scale_of_the_transform():
    price = read_targets()["price_us_closed"]
    point = price.points[0]
    assert point.value == 7.5
    assert price.residual(point, 15.0) == pytest.approx(math.log(2))
    np.testing.assert_allclose(price.residual(point, np.array([7.5, 7.5 / math.e])), [0, -1], atol=1e-12)


@pytest.mark.parametrize(
    ("censoring", "bounds", "inside", "outside"),
    [
        ("none", ",", {0.4: 0.0}, {0.5: 0.1, 0.3: -0.1}),
        ("interval", "0.3,0.5", {0.3: 0, 0.4: 0, 0.5: 0}, {0.6: 0.1, 0.1: -0.2}),
        ("above", ",", {0.4: 0, 0.9: 0}, {0.3: -0.1}),
        ("below", ",", {0.4: 0, 0.1: 0}, {0.6: 0.2}),
    ],
)
def test_a_bound_is_no_value(tmp_path, censoring, bounds, inside, outside):
    targets = read_targets(own(tmp_path, f"a,2025-01,0.4,0.1,0.1,L6(US),share,identity,{censoring},{bounds}"))
    point = targets["a"].points[0]
    for modelled, residual in {**inside, **outside}.items():
        assert targets["a"].residual(point, modelled) == pytest.approx(residual, abs=1e-12)


def test_a_logit_is_the_log_of_the_odds():
    assert TRANSFORMS["logit"].apply(0.75) == pytest.approx(math.log(3))


# a file of one's own


def test_the_shipped_file_is_read_like_a_file_of_ones_own(tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(SHIPPED.read_bytes())
    # as text: bounds that are not there are NaN, which from Python 3.13 on equals nothing in a dataclass either
    assert repr(read_targets(copy).targets) == repr(read_targets().targets)


def test_a_small_file_is_enough(tmp_path):
    header = "target,month,value,observation_sd,discrepancy_sd,observable"
    read = read_targets(
        own(tmp_path, "firms,2025-06,0.2,0.02,0.03,L6(EU)", "firms,2024-06,0.1,0.02,0,L6(EU)", header=header)
    )
    (firms,) = read
    assert [(point.month, point.value, point.discrepancy_sd) for point in firms.points] == [
        (5, 0.1, 0.0),
        (17, 0.2, 0.03),
    ]
    assert (firms.transform, firms.points[0].censoring, firms.unit, firms.nuisance) == ("identity", "none", "", "")
    assert listing(read)[0]["months"] == "2024-06 to 2025-06"


def test_semicolons_decimal_commas_and_remarks_are_understood(tmp_path):
    path = own(
        tmp_path,
        "# from our survey",
        "firms;2025-06;0,25;0,02;0,03;L6(EU)",
        header="target;month;value;observation_sd;discrepancy_sd;observable",
    )
    read = read_targets(path)
    assert read["firms"].points[0].value == 0.25
    assert read.notes == ("line 2, beginning with #, is left out",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,2025-13,1,1,1,x,,,,,", '2: month is "2025-13"; it must be a month.\n  Write the year and'),
        ("a,2025-03-31,1,1,1,x,,,,,", '2: month is "2025-03-31"; it must be a month.\n  Write 2025-03.'),
        ("a,202503,1,1,1,x,,,,,", '2: month is "202503"; it must be a month.\n  Write 2025-03.'),
        ("a,,1,1,1,x,,,,,", "2: month is empty."),
        ("a,2023-12,1,1,1,x,,,,,", "2: month is 2023-12; that lies outside 2024-01 to 2124-01."),
        ("a,2025-01,,1,1,x,,,,,", "2: value is empty.\n  Write a number."),
        ("a,2025-01,18%,1,1,x,,,,,", '2: value is "18%"; it must be a finite number.\n  Write 0.18.'),
        ("a,2025-01,1e999,1,1,x,,,,,", '2: value is "1e999"; it must be a finite number.'),
        ("a,2025-01,18,1,1,x,share,,,,", "2: value is 18; a share lies between 0 and 1.\n  Write 0.18 if"),
        ("a,2025-01,0,1,1,x,$,ln,,,", "2: value is 0; it must be above 0 to have a logarithm."),
        ("a,2025-01,1,1,1,x,,logit,,,", "2: value is 1; it must lie between 0 and 1 to have a logit."),
        ("a,2025-01,1,0,1,x,,,,,", "2: observation_sd is 0; a standard deviation must be above 0."),
        ("a,2025-01,1,1e-320,1,x,,,,,", "2: observation_sd is 1e-320; it must be at least 1e-12."),
        ("a,2025-01,1e308,1,1,x,,,,,", "2: value is 1e308; at most 1e+15 is taken."),
        ("a,2025-01,1,1,-1,x,,,,,", "2: discrepancy_sd is -1; a standard deviation must be above 0."),
        ("a,2025-01,0.1,2,0.1,x,share,,,,", "2: observation_sd is 2; shares lie between 0 and 1.\n  Write 0.02 if"),
        ("a,2025-01,1,1,1,,,,,,", "2: observable is empty."),
        (",2025-01,1,1,1,x,,,,,", "2: target is empty."),
        ("a,2025-01,1,1,1,x,,log,,,", '2: transform is "log"; there is no such transform.\n  Write one of these: id'),
        ("a,2025-01,1,1,1,x,,,left,,", '2: censoring is "left"; there is no such censoring.\n  Write one of these: no'),
        ("a,2025-01,1,1,1,x,,,interval,0,", "2: upper is empty.\n  Write both bounds"),
        ("a,2025-01,1,1,1,x,,,interval,2,3", "2: value is 1; it must lie from lower, 2, to upper, 3."),
        ("a,2025-01,1,1,1,x,,,none,0,2", '2: lower is 0, and the censoring of the row is "none".'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_line_column_value_and_remedy(tmp_path, row, message):
    assert refused(own(tmp_path, row))[0].startswith(message)


def test_a_month_stands_once_in_a_target(tmp_path):
    rows = [f"{key},2025-01,1,1,1,x,,,,," for key in ("a", "b", "a")]
    (message,) = refused(own(tmp_path, *rows))
    assert message.startswith("4: month is 2025-01, as in line 2 of the same target.")


def test_a_target_has_one_observable_and_one_transform(tmp_path):
    messages = refused(own(tmp_path, "a,2025-01,1,1,1,x,$,,,,", "a,2025-02,1,1,1,y,,ln,,,"))
    assert messages[0].startswith('3: observable is "y", and line 2 has "x" for the same target.')
    assert messages[1].startswith('3: transform is "ln", and line 2 has "identity" for the same target.')
    assert messages[2].startswith('3: unit is empty, and line 2 has "$" for the same target.')


def test_an_unknown_column_is_refused_with_the_known_ones(tmp_path):
    (message,) = refused(own(tmp_path, "a,2025-01,1,1,1,x,,,,,,", header=f"{HEADER},discrepency"))
    assert message.startswith('1: has a column "discrepency", which means nothing here.')
    assert "Columns: " in message
    assert all(column in message for column in COLUMNS)


def test_a_missing_column_and_an_empty_table_are_refused(tmp_path):
    assert refused(own(tmp_path, "a,1", header="target,value"))[0].startswith('1: there is no column "month".')
    assert refused(own(tmp_path)) == ["1: has no row below the names.\n  Write a row for each month of a target."]


def test_unknown_numbers_of_instruments_are_refused(tmp_path):
    path = own(tmp_path, "a,2025-01,1,1,1,x,elo,1", header=f"{','.join(COLUMNS[:6])},nuisance,autocorrelation")
    messages = refused(path)
    assert messages[0].startswith('2: nuisance is "elo"; there is no such nuisance.')
    assert "elo_per_nat" in messages[0]
    assert messages[1].startswith("2: autocorrelation is 1.")


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path):
    assert len(refused(own(tmp_path, "a,soon,,0,0,x,,,,,", "b,2025-01,1,1,1,x,,exp,up,,"))) == 5


def test_the_manual_names_every_column_and_its_example_is_read(tmp_path):
    manual = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    columns, example = manual.split("| column |")[1], manual.split("```\ntarget,")[1].split("```")[0]
    assert all(f"`{column}`" in columns for column in COLUMNS)
    assert all(f"`{word}`" in columns for word in (*CENSORING, *TRANSFORMS, *Nuisance.model_fields))
    header, *rows = f"target,{example}".splitlines()
    assert len(read_targets(own(tmp_path, *rows, header=header))["firms_eu"].points) == 2


def test_vocabularies_are_said_in_words():
    targets: Targets = read_targets()
    assert {target.transform for target in targets} <= set(TRANSFORMS)
    assert all(words for words in CENSORING.values())
    assert all(transform.words and transform.need for transform in TRANSFORMS.values())
