"""`openloop scurve`: a table of somebody's own, or a run, in; tables, sentences and panels out."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sim.analysis.scurves.describe import curve_sentence, describe_series, series_rows
from sim.basics.errors import TableError
from sim.basics.table import Series, read
from sim.experiments.scurves.analysis import cut
from sim.experiments.scurves.request import scurve
from sim.experiments.simulate.request import run
from sim.figures.scurves import scurves
from sim.figures.style import letters
from sim.scenario.spec import RunSettings, Scenario
from tests.processes import in_process


def table(tmp_path: Path, text: str, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rising(rows: int = 45) -> list[tuple[int, float]]:
    """A logistic with a ceiling of 0.7 and its middle in 2010, a little uneven."""
    noise = np.random.default_rng(0).normal(0, 0.004, rows)
    return [
        (1990 + place, round(float(0.7 / (1 + np.exp(-0.3 * (place - 20))) + 0.004 + abs(noise[place])), 4))
        for place in range(rows)
    ]


def lines(*columns: str, body: list[tuple]) -> str:
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in body)]) + "\n"


def test_a_wide_table_gives_a_series_a_column_and_a_long_one_a_series_a_name(tmp_path):
    wide = table(tmp_path, lines("year", "a", "b", "remark", body=[(y, v, v / 2, "x") for y, v in rising()]))
    assert [series.name for series in read(wide, "year")] == ["a", "b"]
    assert [series.name for series in read(wide, "year", ["b"])] == ["data"]
    long = table(tmp_path, lines("year", "v", "land", body=[(y, v, land) for land in "XY" for y, v in rising()]))
    found = read(long, "year", ["v"], by="land")
    assert [series.name for series in found] == ["X", "Y"]
    assert found[0].unit == "years"
    assert found[1].share == pytest.approx([v for _, v in rising()])


def test_dates_gaps_semicolons_and_decimal_commas_are_read(tmp_path):
    path = table(tmp_path, "\ufeffmonat;anteil\n2024-01;0,10\n2024-02;NA\n2024-03;0,15\n")
    (series,) = read(path, "monat")
    assert series.share == pytest.approx([0.10, 0.15])
    assert np.diff(series.time) == pytest.approx([60 / 365.25])
    assert series.label(series.time[1]) == "2024-03"


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("year,v\n1990,0.1\n", {"time": "yaer"}, ['no column "yaer"', 'Did you mean "year"?']),
        ("year,v\n1990,0.1\n", {"values": ["w"], "by": "z"}, ['no column "w"', 'no column "z"']),
        ("year,v\n1990,0.1\n1992,0.2\n1991,0.3\n", {}, [":4: year is 1991 after 1992", "Sort the rows"]),
        ("year,v\n1990,0.1\n1990,0.2\n", {}, [":3: year has 1990 twice", "--by COLUMN"]),
        ("year,v\n1990,0.1\n1991,-0.2\n1992,1.2\n", {}, [":3: v is -0.2", ":4: v is 1.2"]),
        ("year,v\n1990,10\n1991,20\n", {}, ["a share lies between 0 and 1", "--percent"]),
        ("year,v\n1990,1000\n1991,2000\n", {}, ["v is 1000", "Divide counts"]),
        ("year,v\n1990,10\n1991,120\n", {"percent": True}, ["v is 120; it must lie between 0 and 100"]),
        ("year,v\n1990,many\n1991,few\n", {"values": ["v"]}, ['v is "many"', 'v is "few"']),
        (
            "year,v\nsoon,0.1\n",
            {"values": ["v"]},
            ['year is "soon"; it must be a number or a date', "2026-03", "a note"],
        ),
        ("year,v\n2024-13,0.1\n", {"values": ["v"]}, ["no such day"]),
        ("year,v\n2024-01,0.1\n2025,0.2\n", {"values": ["v"]}, ["both dates and plain numbers"]),
        ("year,v\n1990,a\n", {}, ["no column holds numbers"]),
        ("year,v,v\n1990,0.1,0.2\n", {}, ['two columns "v"']),
        ("year,v\n1990,\n", {"values": ["v"]}, ["there is no value in it"]),
        ("", {}, ["is empty"]),
    ],
)
def test_a_bad_table_is_refused_with_place_value_and_remedy(tmp_path, text, options, words):
    path = table(tmp_path, text)
    with pytest.raises(TableError) as refused:
        read(path, **{"time": "year", **options})
    for each in words:
        assert each in str(refused.value)


def test_a_record_that_is_cut_ends_with_the_time_that_is_named():
    series = Series("x", np.arange(1990.0, 2020.0), np.linspace(0, 0.6, 30))
    ((short, runs),) = cut([(series, np.tile(series.share, (2, 1)))], 2010)
    assert (short.time[-1], short.share.size, runs.shape) == (2010, 21, (2, 21))
    assert cut([(series, None)], 1989) == []


def test_a_table_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(TableError, match="No such file"):
        read(tmp_path / "none.csv", "year")
    (tmp_path / "sheet.xlsx").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(TableError, match="UTF-8"):
        read(tmp_path / "sheet.xlsx", "year")


def invoke(*arguments: object) -> tuple[int, str, str]:
    done = in_process(*arguments)
    return done.returncode, done.stdout, done.stderr


def test_the_verb_leaves_tables_figures_and_sentences(tmp_path):
    path = table(tmp_path, lines("year", "share", body=rising()))
    code, said, _ = invoke("scurve", path, "--time", "year", "--value", "share", "--resamples", 20, "--out", tmp_path)
    assert code == 0
    assert "data levels off near 71%" in said
    (folder,) = tmp_path.glob("scurve-data-*")
    for name in ("scurves.csv", "fits.csv", "scurves.json", "figures/scurves.svg", "figures/scurves.png"):
        assert (folder / name).stat().st_size > 100
    row = pd.read_csv(folder / "scurves.csv").iloc[0]
    assert row["ceiling_low"] <= 0.707 <= row["ceiling_high"]
    assert row["half_low"] <= row["half"] <= row["half_high"]
    assert row["half"] == pytest.approx(2010, abs=1)
    assert set(pd.read_csv(folder / "fits.csv")["model"]) == {"logistic", "Gompertz", "Bass", "Richards"}
    again = invoke("scurve", path, "--time", "year", "--value", "share", "--resamples", 20, "--out", tmp_path, "-q")
    assert again[0] == 0
    assert again[1].strip().endswith(folder.name), "the same question lands in the same place"


def test_what_is_withheld_is_null_in_every_table(tmp_path):
    path = table(tmp_path, lines("year", "share", body=rising()))
    arguments = ("scurve", path, "--time", "year", "--until", 2006, "--resamples", 5, "--out", tmp_path)
    code, said, _ = invoke(*arguments, "--no-figures", "--json")
    assert code == 0
    (row,) = json.loads(said)["series"]
    assert row["status"] == "not identified"
    assert row["ceiling"] is None
    assert row["half"] is None
    assert "cannot be read off this record" in row["sentence"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--value", "share"], "needs --time"),
        (["--time", "years"], 'Did you mean "year"?'),
        (["--time", "year", "--until", "1980"], "before the first time"),
        (["--time", "year", "--observable", "adoption"], "for run directories"),
    ],
)
def test_mistakes_at_the_command_line_are_explained(tmp_path, arguments, words):
    path = table(tmp_path, lines("year", "share", body=rising()))
    code, said, complained = invoke("scurve", path, *arguments, "--out", tmp_path)
    assert code == 2
    assert said == ""
    assert words in complained


def test_too_few_points_are_refused_unless_another_series_has_enough(tmp_path):
    short = table(tmp_path, lines("year", "share", body=rising(7)), "short.csv")
    code, _, complained = invoke("scurve", short, "--time", "year", "--out", tmp_path)
    assert code == 2
    assert "has 7 points; a curve needs at least 12" in complained
    body = [(y, v, "long") for y, v in rising()] + [(y, v, "short") for y, v in rising(7)]
    both = table(tmp_path, lines("year", "share", "name", body=body), "both.csv")
    code, said, _ = invoke(
        "scurve", both, "--time", "year", "--by", "name", "--resamples", 0, "--no-figures", "--out", tmp_path
    )
    assert code == 0
    assert "short has 7 points" in said


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    scenario = Scenario(name="small", run=RunSettings(months=48, adopters=200, replicates=12))
    return run(scenario, out=tmp_path_factory.mktemp("runs"), figures=False).folder


def test_a_run_directory_is_read_with_its_replicates(tmp_path, run_folder):
    code, said, _ = invoke("scurve", run_folder, "--resamples", 5, "--no-figures", "--out", tmp_path)
    assert code == 0
    assert "Over the runs" in said
    assert any(line.startswith("enterprise") and line.endswith(" 12") for line in said.splitlines())
    assert "probability of takeover" not in said, "adoption is won from nobody"
    (folder,) = tmp_path.glob("scurve-small-*")
    table = pd.read_csv(folder / "replicates.csv")
    assert set(table["series"]) == {"startup", "enterprise", "industrial", "public"}
    told = table.dropna()
    assert (told["low"] <= told["value"] + 1e-9).all()
    assert (told["value"] <= told["high"] + 1e-9).all()
    code, said, _ = invoke(
        "scurve",
        run_folder,
        "--observable",
        "focus_share",
        "--resamples",
        0,
        "--no-figures",
        "--out",
        tmp_path,
    )
    assert code == 0
    assert "probability of tipping" in said


def test_an_observable_that_is_no_share_is_refused(tmp_path, run_folder):
    code, _, complained = invoke("scurve", run_folder, "--observable", "adoptoin", "--out", tmp_path)
    assert code == 2
    assert 'Did you mean "adoption"?' in complained
    code, _, complained = invoke("scurve", run_folder, "--time", "month", "--out", tmp_path)
    assert code == 2
    assert "is a run directory" in complained


def test_panels_say_in_words_what_is_withheld():
    time = np.arange(40.0)
    whole = Series("whole", time, 0.7 / (1 + np.exp(-0.4 * (time - 12))))
    young = Series("young", time, 0.7 / (1 + np.exp(-0.1 * (time - 60))) + 1e-3 * np.sin(7 * time))
    fallen = Series("fallen", time, np.where(time < 20, time / 30, 0.2))
    found = [describe_series(series, resamples=0) for series in (whole, young, fallen)]
    assert [each.status for each in found] == ["identified", "not identified", "contested"]
    figure = scurves(found, "test")
    texts = [[axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)] for axes in figure.axes]
    assert texts[0][0] == "whole: identified"
    assert "70%" in texts[0][1]
    assert "ceiling withheld" in texts[1][1]
    assert "a ceiling has no meaning" in texts[2][1]
    bands = [[patch.get_gid() for patch in axes.patches if patch.get_gid()] for axes in figure.axes]
    assert bands == [["ceiling"], ["possible ceilings"], []], "no band of a ceiling where none is known"
    plt.close(figure)


def test_sentences_speak_of_no_number_that_is_not_known():
    time = np.arange(40.0)
    weak = describe_series(Series("x", time, 0.7 / (1 + np.exp(-0.1 * (time - 60)))), resamples=0)
    assert "levels off" not in curve_sentence(weak)
    assert np.isnan(series_rows([weak])["ceiling"][0]) == (weak.status != "identified")


def test_a_level_that_is_passed_in_a_gap_of_the_record_lies_between_its_ends():
    time = np.array([*range(1990, 1999), *range(2018, 2024)])
    series = Series("x", time.astype(float), np.where(time < 2000, 0.05, 0.6) + (time - 1990) / 1000, step="years")
    (row,) = series_rows([describe_series(series, resamples=0)]).itertuples()
    assert row.reaches_10 == row.reaches_50 == "between 1998 and 2018"
    assert "A tenth of all adopters: between 1998 and 2018; half of them: between 1998 and 2018." in row.sentence
    yearly = Series("y", np.arange(1990.0, 2005), np.linspace(0.05, 0.6, 15), step="years")
    (row,) = series_rows([describe_series(yearly, resamples=0)]).itertuples()
    assert row.reaches_10 == "1992"


def test_what_is_left_out_of_a_table_is_told_at_the_terminal_in_the_report_and_in_python(tmp_path):
    body = [(place, year, value, "x" if place else "<0.01") for place, (year, value) in enumerate(rising())]
    path = table(tmp_path, lines("", "year", "share", "remark", body=body))
    note = "column 1 has no name and is left out"
    code, said, complained = invoke(
        "scurve", path, "--time", "year", "--resamples", 0, "--no-figures", "--out", tmp_path
    )
    assert code == 0
    assert f"note: {note}." in complained
    assert "has no name" not in said
    (folder,) = tmp_path.glob("scurve-data-*")
    assert json.loads((folder / "manifest.json").read_text())["notes"][0] == note
    assert invoke("report", folder, "--out", tmp_path / "report")[0] == 0
    assert "Column 1 has no name and is left out." in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    with pytest.warns(UserWarning, match=note), pytest.warns(UserWarning, match="without numbers are left out: remark"):
        found = scurve(path, time="year", resamples=0)
    assert found.notes[0] == note


def test_a_name_that_is_too_long_for_a_path_is_refused_in_words(tmp_path):
    code, _, complained = invoke("scurve", "x" * 300, "--time", "year", "--out", tmp_path)
    assert code == 2
    assert "cannot be read: File name too long" in complained


@pytest.mark.slow
def test_series_named_in_letters_that_no_font_has_are_drawn_and_told_of_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(letters, "installed", lambda: ())
    body = [(year, share, round(0.8 * share, 4)) for year, share in rising()]
    path = table(tmp_path, lines("year", "北京市 $10 to $20", "สวัสดี", body=body))
    code, _, warned = invoke("scurve", path, "--time", "year", "--resamples", 2, "--out", tmp_path)
    assert code == 0
    assert [line for line in warned.splitlines() if "font" in line] == [
        "warning: no installed font has the letters ดวสัี京北市, so figures show boxes in their place; install a font "
        "that has them, such as Noto Sans."
    ]
    [drawn] = tmp_path.glob("scurve-data-*/figures/scurves.svg")
    assert "北京市 $10 to $20" in drawn.read_text("utf-8")
