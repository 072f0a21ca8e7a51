"""Tables of a user's own: nothing is dropped, renamed or reinterpreted without a line that says so."""

from __future__ import annotations

import codecs
import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.basics.dates import moment_of
from sim.basics.errors import Problem, TableError
from sim.basics.table import read
from sim.scenario.shipped import EVIDENCE

NUMBERED = "".join(f"{row},{2000 + row},{row / 100}\n" for row in range(12))
MONTHS = "".join(f"2024{month:02},0.1\n" for month in range(1, 13))


def table(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


READ = {
    "extra cells that are empty": ("year,share,,\n2009,0.5,,\n2010,0.6,,\n", {}, [0.5, 0.6], []),
    "extra cells of rows alone": ("year,share\n2009,0.5,\n2010,0.6,,\n", {}, [0.5, 0.6], []),
    "a cell below detection": (
        "year,a,b\n2000,0.1,0.2\n2001,0.2,<0.01\n",
        {},
        [0.1, 0.2],
        ['column "b" is left out, as "<0.01" in line 3 is no number'],
    ),
    "an error of a spreadsheet": (
        "year,a\n2000,0.1\n2001,#N/A\n",
        {},
        [0.1],
        ['"#N/A" counts as missing in column "a", line 3'],
    ),
    "a column of text": ("year,a,remark\n2000,0.1,x\n", {}, [0.1], ["columns without numbers are left out: remark"]),
    "a column without values": ("year,a,b\n2000,0.1,\n", {}, [0.1], ["columns without values are left out: b"]),
    "a chosen column without values": (
        "year,a,b\n2000,0.1,\n",
        {"values": ["a", "b"]},
        [0.1],
        ["series without a value are left out: b"],
    ),
    "a saved data frame": (f",year,share\n{NUMBERED}", {}, [0.0, 0.01], ["column 1 has no name and is left out"]),
    "one that is saved twice": (
        f"Unnamed: 0,year,share\n{NUMBERED}",
        {},
        [0.0, 0.01],
        ["column 1 has no name and is left out"],
    ),
    "one whose index has a name": (
        f"id,year,share\n{NUMBERED}",
        {"percent": True},
        [0.0, 0.0001],
        ['column "id" is left out, as it counts the rows', "no share exceeds 1%: share; leave out --percent"],
    ),
    "rounding errors": ("year,share\n2009,-1e-17\n2010,1.0000000000000002\n", {}, [0.0, 1.0], []),
    "decimal commas": ("year;share\n2009,5;0,125\n2010,5;0,25\n", {}, [0.125, 0.25], []),
    "commas in the header": ('"share, all";year\n0,1;2000\n0,2;2001\n', {}, [0.1, 0.2], []),
    "lines above the header": (
        '"Source","WDI",\n\n"Land","year","share",\n"X","2000","0.1",\n',
        {"by": "Land"},
        [0.1],
        ["line 1, above the header, is left out"],
    ),
    "remarks": (
        "# made by hand\n#\nyear,share\n2000,0.1\n# a break\n2001,0.2\n",
        {},
        [0.1, 0.2],
        ["2 lines above the header are left out, the first is line 1", "line 5, beginning with #, is left out"],
    ),
    "a name that begins with #": ("name,year,share\n#1,2000,0.1\n#1,2001,0.2\n", {"by": "name"}, [0.1, 0.2], []),
    "what separates, in the first line": ("sep=;\r\nyear;share\r\n2000;0,1\r\n2001;0,2\r\n", {}, [0.1, 0.2], []),
    "times without marks": (
        f"year,share\n{MONTHS}",
        {},
        [0.1] * 12,
        ["times such as 202401 are read as dates, here 2024-01"],
    ),
    "the same as decimals": (
        f"year,share\n{MONTHS.replace(',', '.0,')}",
        {},
        [0.1] * 12,
        ["times such as 202401.0 are read as dates, here 2024-01"],
    ),
    "the same as decimals with a comma": (
        f"year;share\n{MONTHS.replace(',0.1', ',0;0,1')}",
        {},
        [0.1] * 12,
        ["times such as 202401,0 are read as dates, here 2024-01"],
    ),
    "numbers with a comma in a text, beside decimals with a point": (
        "year;share;remark\n2000.5;0.1;see a\n2001.5;0.2;1,5\n2002.5;0.3;b\n",
        {},
        [0.1, 0.2],
        ["columns without numbers are left out: remark"],
    ),
    "days of a spreadsheet": (
        "year,share\n43101,0.1\n43132,0.2\n43160,0.3\n",
        {},
        [0.1, 0.2],
        [
            "times such as 43101 are read as plain numbers; they may be days as spreadsheets count them; "
            "write dates then, here 2018-01-01"
        ],
    ),
    "days of a spreadsheet with hours": (
        "year;share\n43101,5;0,1\n43132,5;0,2\n43160,5;0,3\n",
        {},
        [0.1, 0.2],
        ["times such as 43101,5 are read as plain numbers; they may be days as spreadsheets count them"],
    ),
    "days since 1970": (
        "year,share\n17532,0.1\n17563,0.2\n17597,0.3\n",
        {},
        [0.1, 0.2],
        [
            "times such as 17532 are read as plain numbers; they may be days since 1970; "
            "write dates then, here 2018-01-01"
        ],
    ),
    "milliseconds since 1970": (
        "year,share\n1514764800000,0.1\n1517443200000,0.2\n1519862400000,0.3\n",
        {},
        [0.1, 0.2],
        [
            "times such as 1514764800000 are read as plain numbers; they may be milliseconds since 1970; "
            "write dates then, here 2018-01-01"
        ],
    ),
    "a plain count": ("year,share\n0,0.1\n10000,0.2\n20000,0.3\n30000,0.4\n", {}, [0.1, 0.2], []),
    "percent signs": ("year,share\n2000,1%\n2001,0.5 %\n", {}, [0.01, 0.005], []),
    "a minus sign": ("year,share\n\u22125,0.1\n\u22124,0.2\n", {}, [0.1, 0.2], []),
    "a row that is cut off": ("year,share\n2000,0.1\n20", {}, [0.1], ["line 3 has fewer cells than the header"]),
    "a source below": (
        "year,share,x\n2000,0.1,\nSource: me,,\n",
        {},
        [0.1],
        ["columns without values are left out: x", 'line 3 is left out, with no value and "Source: me" for a time'],
    ),
    "a column that may be in percent": (
        "year,share (%)\n2000,0.1\n",
        {},
        [0.1],
        ["read as shares between 0 and 1: share (%); add --percent"],
    ),
    "names that look alike": (
        "land,year,share\nKorea ,2000,0.1\nKorea,2001,0.2\nkorea,2000,0.1\n",
        {"by": "land"},
        [0.1, 0.2],
        ['"Korea" and "korea" are different series'],
    ),
    "a header in two lines": ('"year\n",share\n2000,0.1\n', {}, [0.1], []),
    "bars": ("year|share\n2000|0.1\n", {}, [0.1], []),
    "other line ends": (
        "year,share,\r2000,0.1,a\x85b\r2001,0.2,\u2028\r",
        {},
        [0.1, 0.2],
        ["column 3 has no name and is left out"],
    ),
}


@pytest.mark.parametrize("case", READ)
def test_a_table_is_read_as_it_is_meant(tmp_path, case):
    text, options, shares, notes = READ[case]
    found = read(table(tmp_path, text), "year", **options)
    assert found[0].share[: len(shares)] == pytest.approx(shares, abs=1e-15)
    assert len(found.notes) == len(notes), found.notes
    for note, begin in zip(found.notes, notes, strict=True):
        assert note.startswith(begin)


def test_only_cells_that_are_read_as_numbers_are_converted(tmp_path):
    text = "land;year;share\nKorea, Rep.;2000,5;0,1\nKorea, Rep.;2001,5;0,2\n"
    (series,) = read(table(tmp_path, text), "year", by="land")
    assert series.name == "Korea, Rep."
    assert series.time.tolist() == [2000.5, 2001.5]


REFUSED = {
    "an unquoted decimal comma": ("year,share\n2010,0,594\n", {}, [":2: has 3 cells", "line 1 has 2", "Write 0.594"]),
    "a quoted one": ('year,share\n2010,"0,5"\n', {}, [':2: share is "0,5"', "Write 0.5."]),
    "one among points": ("year;share\n2010;0,5\n2011;0.6\n", {}, [':2: share is "0,5"', "Write 0.5."]),
    "thousands in a time": ("year\tshare\n2,010\t0.1\n", {}, [':2: year is "2,010"', "Write 2010 or 2.010."]),
    "thousands": ("year;n\n2000;1.234,5\n", {}, ['n is "1.234,5"', "Write 1234.5."]),
    "thousands by spaces": ("year,n\n2000,1 234\n", {}, ['n is "1 234"', "Write 1234."]),
    "underscores": ("year,n\n2000,1_000\n", {}, ['n is "1_000"', "Write 1000."]),
    "a month that is none": (
        f"year,share\n{MONTHS}202413,0.1\n",
        {},
        [':14: year is "202413"', "such as 202401", "2026-03"],
    ),
    "weeks": (
        "year,share\n" + "".join(f"2024{week:02},0.1\n" for week in range(1, 53)),
        {},
        ["a year and a week", "2026-W05"],
    ),
    "quarters": ("year,share\n20201,.1\n20202,.1\n20203,.1\n20204,.1\n", {}, ["a year and a quarter", "2026-Q1"]),
    "days of a year": ("year,share\n2024001,.1\n2024032,.1\n2024060,.1\n", {}, ["a year and a day", "2026-03-16"]),
    "years with a point among decimal commas": (
        "year;share\n1.990;0,02\n2.010;0,5281\n",
        {},
        [':2: year is "1.990", and share in line 2 has a decimal comma: 0,02.', "Write 1990 or 1,990."],
    ),
    "months with a point among decimal commas": (
        "year;share\n01.2015;0,02\n02.2015;0,5281\n",
        {},
        [':2: year is "01.2015", and share', "Write 2015-01 or 01,2015."],
    ),
    "shares with a point among decimal commas": (
        "year;share\n2009,5;0,1\n2010,5;2.5%\n",
        {"values": ["share"]},
        [':3: share is "2.5%"'],
    ),
    "times with a point beside another column": (
        "year;share;n\n1.990;0;1,5\n2.010;1;2,5\n",
        {"values": ["share"]},
        [':2: year is "1.990", and n in line 2 has a decimal comma: 1,5.'],
    ),
    "years with a point alone": (
        "year\tshare\n1.990\t0\n2.000\t0\n2.010\t1\n",
        {},
        [':2: year is "1.990"; that may be a year with a point for thousands.', "Write 1990"],
    ),
    "months before a point": (
        "year,share\n01.2015,0\n02.2015,0\n03.2015,1\n",
        {},
        [':2: year is "01.2015"; that may be a month and a year.', "Write 2015-01"],
    ),
    "months as decimals with a comma": (
        "year;share\n2023,11;,1\n2023,12;,1\n2024,01;,1\n",
        {},
        ["a year and a month", "2026-03"],
    ),
    "months as decimals": ("year,share\n2023.11,.1\n2023.12,.1\n2024.01,.1\n", {}, ["a year and a month", "2026-03"]),
    "seasons": (
        "year,share\n2019/20,.1\n2020/21,.1\n",
        {},
        ['"2019/20"; there is no such day', "its first year: 2019."],
    ),
    "seasons that may be months": (
        "year,share\n2003-04,.1\n2004-05,.1\n2005-06,.1\n",
        {},
        ["a month or a season", "2026-03-01"],
    ),
    "days first": ("year,share\n31.12.2019,.1\n", {}, ['"31.12.2019"', "Write the year first"]),
    "years among months": ("year,share\n2024,.1\n202402,.1\n202403,.1\n", {}, [':2: year is "2024"', "such as 202402"]),
    "names in the first row of a group": (
        "land,year,share\nA,2000,.1\n,2001,.2\n,2002,.3\n,2003,.3\nB,2000,.1\n",
        {"by": "land"},
        [":3: land is empty", "in every row", "2 more lines, the last is 5"],
    ),
    "names in two lines": (
        'land,year,share\n"A,2000,.1\nB",2001,.2\n',
        {"by": "land"},
        [r':2: land is "A,2000,.1\nB"'],
    ),
    "an escape": ("land,year,share\n\x1b[31mA,2000,.1\n", {"by": "land"}, [r'land is "\x1b[31mA"']),
    "too much by little": ("year,share\n2010,1.0000001\n", {}, [":2: share is 1.0000001; it must lie between 0 and 1"]),
    "infinity": ("year,share\n2010,0.1\n2011,1e400\n", {}, [':3: share is "1e400"; it must be a finite number']),
    "far times": ("year,share\n2010,0.1\n1e308,0.2\n", {}, [":3: year is 1e308", "usual size"]),
    "percent here and there": ("year,share\n2000,1%\n2001,0.5\n", {}, [":3: share is 0.5, and line 2 has 1%"]),
    "more than all, in percent": ("year,share\n2000,120%\n", {}, ["is 120%; it must lie between 0 and 100%"]),
    "counts beside shares": (
        "year,share,people\n2000,.1,1000\n2001,.2,1001\n",
        {},
        [":2: people is 1000, which is no share", "--value share"],
    ),
    "a title as wide as the header": (
        "Cars, by year\nyear,share\n2000,.1\n",
        {},
        [":1: ", "The header may be in line 2"],
    ),
    "a header behind a #": ("#year,share\n2000,.1\n", {}, ["The header may be in line 1; delete its #"]),
    "spaces between columns": ('"year" "share"\n"1" 2000 0.1\n', {}, ["separated by spaces"]),
    "years in columns": ("Land,1990,1991,1992\nA,.1,.2,.3\n", {}, ['no column "year"', "a row for each year"]),
    "row names without a header": (
        '"year","share"\n"1",2000,0.1\n"2",2001,0.2\n',
        {},
        [":2: has 3 cells", "name that column"],
    ),
    "an open quote": (
        'year,share,x\n2000,.1,a\n2001,.2,"b\n2002,.3,c\n',
        {},
        [":3: a quote opened in line 3 never closes"],
    ),
    "an open quote in a long file": (
        'year,x\n2000,"b\n' + "2002,c\n" * 20_000,
        {},
        [":2: a quote opened in line 2 never closes"],
    ),
    "text behind a quote": ('land,year,share\n"A"b,2000,.1\n', {}, [":2: has text or spaces behind a closing quote"]),
    "three columns of one name": ("year,a,a,a\n2000,.1,.1,.1\n", {}, ['has 3 columns "a"', "Rename"]),
    "no row": ("year,share\n", {}, [":1: holds no row below its header"]),
    "a long line": ("year,share\n" + "1" * 1_000_001, {}, [":2: has 1,000,001 characters"]),
    "a long cell": ("year,share\n" + "1" * 200_000, {}, [":2: has a cell of more than 131,072 characters"]),
    "NUL": ("year,share\n2000,.1\n20\x0001,.1\n", {}, [":3: has a character NUL"]),
    "UTF-16 without its mark": ("year,share\n".encode("utf-16-le"), {}, ["UTF-16"]),
    "cp1252": ("land,year,share\nCôte,2000,.1\n".encode("cp1252"), {}, [":2: has the byte 0xf4", "UTF-8"]),
    "gzip": (gzip.compress(b"year,share\n"), {}, ["compressed by gzip", "Unpack it"]),
    "a spreadsheet": (b"PK\x03\x04\xff\xfe\x00", {}, ["is a spreadsheet", "CSV in UTF-8"]),
    "JSON": ('[{"year": 2000, "share": 0.1}]', {}, ["is JSON, not a table"]),
    "a page": ("<!DOCTYPE html><table><tr>", {}, ["is HTML or XML, not a table"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_be_read_in_two_ways_is_refused_with_what_to_write(tmp_path, case):
    text, options, words = REFUSED[case]
    with pytest.raises(TableError) as refused:
        read(table(tmp_path, text), "year", **options)
    for word in words:
        assert word in str(refused.value)
    assert len(refused.value.problems) < 3 or "more lines" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2018-04-01T00:00:00", "2018-04-01"),
        ("2018-04-01 00:00:00", "2018-04-01"),
        ("2018-04-01T02:00:00+02:00", "2018-04-01"),
        ("2018-04-01 00:00:00 UTC", "2018-04-01"),
        ("2018-04-01T00:00:00.000Z", "2018-04-01"),
        ("2018/4/1", "2018-04-01"),
        ("2018/04", "2018-04-01"),
        ("2018-Q2", "2018-04-01"),
        ("2018Q2", "2018-04-01"),
        ("2018 q2", "2018-04-01"),
        ("2018M04", "2018-04-01"),
        ("2018-S2", "2018-07-01"),
        ("2018-W14", "2018-04-02"),
    ],
)
def test_dates_are_read_as_they_are_written(written, day):
    days = (pd.Timestamp(day) - pd.Timestamp("1970-01-01")).days
    assert moment_of(written) == 1970 + days / 365.25


@pytest.mark.parametrize("written", ["2018-Q5", "2018-13", "2018-02-30", "2018-04-01T25:00", "2018-W54"])
def test_a_date_that_is_none_is_said_to_be_none(written):
    assert np.isnan(moment_of(written))
    assert moment_of("2018-4") is moment_of("4/2018") is moment_of("2018") is None


def test_of_many_like_mistakes_one_is_told_with_their_number(tmp_path):
    rows = "".join(f"{month}/1/18,0.1\n" for month in range(1, 13))
    with pytest.raises(TableError) as refused:
        read(table(tmp_path, f"year,share\n{rows}"), "year")
    assert len(refused.value.problems) == 12
    told = str(refused.value)
    assert told.count("1/1/18") == 1
    assert "The same in 11 more lines, the last is 13." in told
    missing = TableError(Problem("x.csv", 1, "", f'there is no column "{name}".') for name in "abc")
    assert str(missing).count("no column") == 3, "mistakes of one line are each their own"


def test_notes_of_many_columns_are_one_note(tmp_path):
    wide = pd.DataFrame({"year": range(2000, 2004), **{f"c{place}": [0.1, None, 0.2, 0.3] for place in range(30)}})
    found = read(table(tmp_path, wide.to_csv(index=False, na_rep="NA")), "year")
    assert len(found) == 30
    assert found.notes == ('"NA" counts as missing in column "c0", line 3, and in 29 more cells',)


FRAME = pd.read_csv(EVIDENCE / "adoption.csv")
DIALECTS = {
    "pandas": FRAME.to_csv(),
    "semicolons and decimal commas": FRAME.to_csv(sep=";", decimal=","),
    "tabs and decimal commas": FRAME.to_csv(sep="\t", decimal=",", index=False),
    "all quoted": FRAME.to_csv(quoting=1),
    "a spreadsheet's": codecs.BOM_UTF8 + FRAME.to_csv(index=False).replace("\n", "\r\n").encode(),
    "a spreadsheet's in Unicode": FRAME.to_csv(sep="\t", index=False).encode("utf-16"),
    "percent": FRAME.assign(value=[f"{100 * value!r} %" for value in FRAME["value"]]).to_csv(index=False),
    "blank lines and commas at the ends": "\n" + FRAME.to_csv(index=False).replace("\n", ",,\n\n"),
    "R, write.csv2": FRAME.to_csv(sep=";", decimal=",", quoting=2, index_label=""),
    "many digits": FRAME.to_csv(index=False, float_format="%.17e"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_table_says_the_same_in_every_dialect(tmp_path, dialect):
    plain = read(EVIDENCE / "adoption.csv", "year", ["value"], by="series")
    told = read(table(tmp_path, DIALECTS[dialect]), "year", ["value"], by="series")
    assert [series.name for series in told] == [series.name for series in plain]
    for one, other in zip(told, plain, strict=True):
        np.testing.assert_array_equal(one.time, other.time)
        np.testing.assert_allclose(one.share, other.share, rtol=1e-15)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TableError, match="Save the table as a file first"):
        read(tmp_path / "pipe", "year")
    with pytest.raises(TableError, match="is a folder"):
        read(tmp_path, "year")
