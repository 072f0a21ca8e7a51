"""The tables of the record: each row has a source and may be passed on, and the targets are what the tables say."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date

import pytest

from sim.basics.axes import month_label
from sim.basics.quantity import sources
from sim.evidence.targets import SHIPPED, read_targets
from tests.worlds import ROOT

FOLDER = ROOT / "sim" / "evidence"
LICENCES = {
    "series": {"fact", "derived", "public-domain"},
    "facts": {"fact", "derived"},
    "models": {"fact"},
    "events": {"fact", "public-domain"},
    "targets": {"fact", "derived", "public-domain"},
    "sources": {"quoted", "public-domain", "CC-BY-4.0", "none-found"},
}
"""The licences of each table, as README.md explains them."""


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CITED = {row["source_id"]: row for row in table("sources")}


# every table


@pytest.mark.parametrize("name", LICENCES)
def test_every_row_has_a_licence_that_is_explained(name):
    licences = Counter(row["licence"] for row in table(name))
    assert set(licences) == LICENCES[name]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{licence}`" in readme for licence in licences)


@pytest.mark.parametrize("name", [*(name for name in LICENCES if name != "sources"), "chinese_share", "adoption"])
def test_every_row_has_a_source_that_is_cited(name):
    for row in table(name):
        keys = row["source_id"].split()
        assert keys, row
        assert set(keys) <= set(CITED), row


def test_every_source_is_used_and_complete():
    names = [*(name for name in LICENCES if name != "sources"), "chinese_share", "adoption"]
    used = {key for name in names for row in table(name) for key in row["source_id"].split()}
    assert used == set(CITED)
    for row in CITED.values():
        assert row["publisher"], row
        assert row["title"], row
        assert row["url"].startswith(("http://", "https://")), row
        assert re.fullmatch(r"(\d{4}(-\d\d-\d\d)?)?", row["date"]), row
        assert row["kind"] in ("primary", "secondary"), row


def test_a_source_of_scenarios_is_cited_alike():
    shared = set(CITED) & set(sources())
    assert len(shared) > 20
    for key in shared:
        assert CITED[key]["url"] == sources()[key]["url"], key


def test_what_has_no_licence_ships_as_our_own_sums_or_as_single_prices():
    closed = {key for key, row in CITED.items() if row["licence"] == "none-found"}
    for row in table("series"):
        if row["source_id"] in closed:
            assert row["licence"] == "derived" or row["series"].startswith("price_"), row
    kept = Counter(row["series"] for row in table("series") if row["source_id"] in closed)
    assert not {name for name in kept if "topn" in name}
    assert not (FOLDER / "models_weekly.csv").exists()


def test_what_was_left_out_is_named_with_a_reason():
    rows = table("not_redistributed")
    assert {"models_weekly", "series", "models"} <= {row["table"] for row in rows}
    for row in rows:
        assert re.fullmatch(r"[A-Z].{30,}\.", row["reason"]), row
        assert not row["source_id"] or CITED[row["source_id"]]["licence"] == "none-found"


def test_the_record_is_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.csv")) < 250_000


def test_dated_rows_have_days_numbers_and_bounds_in_order():
    for name in ("series", "facts"):
        keys = Counter((row.get("series", row.get("fact")), row["date"], row["note"]) for row in table(name))
        assert max(keys.values()) == 1
        for row in table(name):
            date.fromisoformat(row["date"])
            if row["unit"] == "finding":
                continue
            value = float(row["value"])
            assert float(row["lower"] or value) <= value <= float(row["upper"] or value), row


def test_no_series_stands_in_two_tables():
    assert not {row["series"] for row in table("series")} & {row["fact"] for row in table("facts")}
    assert "openrouter_topn_share_chinese" not in {row["series"] for row in table("series")}


def test_every_price_belongs_to_a_model_of_its_class():
    models = {row["model"]: row for row in table("models")}
    prices = [row for row in table("series") if row["series"].startswith("price_")]
    assert {row["note"] for row in prices} == set(models)
    for row in prices:
        model = models[row["note"]]
        assert row["series"].endswith(f"{model['origin'].lower()}_{model['weights']}"), row


# what a target says is what its series or fact says


def points_of(name: str) -> dict[str, list[float]]:
    """Values of a series, or of a fact, by month."""
    found: dict[str, list[float]] = {}
    for row in [*table("series"), *table("facts")]:
        if name in (row.get("series"), row.get("fact")):
            found.setdefault(row["date"][:7], []).append(float(row["value"]))
    return found


def blended(model: str) -> float:
    """Price of a model: three parts input, one part output."""
    prices = {row["series"].split("_")[1]: float(row["value"]) for row in table("series") if row["note"] == model}
    return (3 * prices["input"] + prices["output"]) / 4


PERCENT = 0.01
OF_ITS_MONTH = {
    "openrouter_share_chinese_all": PERCENT,
    "openrouter_share_us_all": PERCENT,
    "openrouter_share_open_weight": PERCENT,
    "arena_gap_closed_open_elo": 1,
    "arena_gap_us_cn_elo": 1,
    "btos_old_question": PERCENT,
    "btos_new_question": PERCENT,
    "eurostat_ai_use_rate": PERCENT,
    "china_manufacturing_ai_adoption": PERCENT,
    "menlo_chinese_share": PERCENT,
    "compute_share_china": PERCENT,
    "compute_share_us": PERCENT,
    "hf_new_derivatives_share_chinese": PERCENT,
    "us_ai_startups_on_chinese_models": PERCENT,
    "enterprise_multi_model_3plus": PERCENT,
    "smuggled_chips_2024": 1,
    "nvidia_revenue_share_china": PERCENT,
}
"""Targets whose points are the mean of their series in the month, and the factor that changes the unit."""

ELSEWHERE = {
    ("gap_months_cn_us_eci", "2024-01"): lambda: points_of("gap_months_cn_us_eci")["2023-06"][0],
    ("gap_months_cn_us_eci", "2025-06"): lambda: points_of("gap_months_cn_us_eci")["2025-06"][0],
    ("gap_months_open_closed_mean", "2026-03"): lambda: points_of("gap_months_open_closed_mean")["2026-05"][0],
    ("menlo_open_source_share", "2024-01"): lambda: points_of("menlo_open_source_share")["2023-12"][0] / 100,
    ("menlo_open_source_share", "2024-11"): lambda: points_of("menlo_open_source_share")["2024-11"][0] / 100,
    ("compute_owned_share_china", "2026-04"): lambda: (5 + 6) / 2 / 100,
    ("world_chip_stock", "2026-01"): lambda: points_of("world_chip_stock")["2025-12"][0],
    ("capex_us_big4_2025", "2025-07"): lambda: points_of("capex_us_big4_guidance")["2025-12"][0],
    ("capex_us_big4_2026", "2026-07"): lambda: points_of("capex_us_big4")["2026-12"][0],
    ("hf_cum_downloads_share_chinese", "2026-03"): lambda: round(1150 / (1150 + 723), 2),
    ("china_chip_domestic_share_2024", "2024-12"): lambda: 1 - points_of("china_chip_nvidia_share")["2024-12"][0] / 100,
    ("huawei_output_2025", "2025-12"): lambda: 0.8 * 1000 * points_of("huawei_910c_units")["2025-12"][0],
    ("home_share_china", "2025-12"): lambda: points_of("china_users_domestic_model_first_choice")["2025-06"][0] / 100,
    ("chinese_share_ratio_gs_us", "2026-01"): lambda: points_of("deepseek_use_africa_over_others")["2025-12"][0],
    ("vendor_switching", "2025-12"): lambda: points_of("vendor_switching_enterprises")["2025-07"][0] / 100,
}
"""Points that stand in another month than their source, or are reckoned from it."""


def test_every_value_is_that_of_its_series_or_fact():
    weekly: dict[str, list[float]] = {}
    for row in table("chinese_share"):
        weekly.setdefault(row["week"][:7], []).append(float(row["value"]))
    checked = 0
    for target in read_targets():
        for point in target.points:
            month = month_label(point.month)
            if target.key == "openrouter_topn_share_chinese":
                wanted = sum(weekly[month]) / len(weekly[month])
            elif target.key.startswith("price_"):
                wanted = blended(point.note)
            elif target.key in OF_ITS_MONTH:
                values = points_of(target.series)[month]
                wanted = OF_ITS_MONTH[target.key] * sum(values) / len(values)
            else:
                wanted = ELSEWHERE[target.key, month]()
            assert point.value == pytest.approx(wanted, abs=6e-7), (target.key, month)
            checked += 1
    assert checked == 99


def test_downloads_and_owners_are_reckoned_from_their_rows():
    assert (points_of("hf_cum_downloads_chinese")["2026-03"], points_of("hf_cum_downloads_us")["2026-03"]) == (
        [1150],
        [723],
    )
    (owned,) = [row for row in table("series") if row["series"] == "compute_owned_share_china"]
    assert (owned["lower"], owned["upper"]) == ("5", "6")


def test_every_series_of_a_target_is_on_record():
    known = {row["series"] for row in table("series")} | {row["fact"] for row in table("facts")} | {"chinese_share"}
    for target in read_targets():
        assert target.series.split(), target.key
        assert set(target.series.split()) <= known, target.key


def test_censored_points_have_the_bounds_of_their_series():
    rows = {(row["series"], row["date"][:7]): row for row in table("series") if row["source_id"] == "or_scrape_jt"}
    for target in read_targets():
        for point in target.points:
            if point.censoring == "interval":
                row = rows[target.series, month_label(point.month)]
                assert point.lower == pytest.approx(float(row["lower"]) / 100)
                assert point.upper == pytest.approx(float(row["upper"]) / 100)


def test_press_counts_of_the_same_ranking_are_no_targets():
    """They count the models that the weekly ranking counts, so they would enter twice."""
    press = {row["series"] for row in table("series") if "press" in row["series"] or "topn" in row["series"]}
    assert press
    assert not press & {name for target in read_targets() for name in target.series.split()}


def test_the_readme_says_how_every_sd_was_split():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for target in read_targets():
        assert f"`{target.key}`" in readme, target.key
    assert SHIPPED.parent == FOLDER
