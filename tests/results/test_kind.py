"""Kinds of results: nobody knows one by name, and a new one is written, replayed and reported like any other."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
import xarray as xr

from sim.basics.errors import OutputError
from sim.experiments.replay import replay
from sim.report import write_report
from sim.results.blocks import Chapter, Heading, Items, Table, Words, items, table
from sim.results.folder import open_folder, write
from sim.results.kind import Captions, Contents, Folder, Kind, kinds, register
from tests.worlds import ROOT


def squares(count: int) -> pd.DataFrame:
    return pd.DataFrame({"number": range(count), "square": [number**2 for number in range(count)]})


def contents(found: pd.DataFrame) -> Contents:
    told = Chapter(
        "What are the squares?",
        [items([f"The largest is {found['square'].max()}."], "squares.csv")],
        [Heading("All"), table("Squares", ("number", "square"), found.astype(str).to_numpy().tolist(), "squares.csv")],
    )
    about = {"hash": "01234567", "count": len(found)}
    return Contents(f"squares-{len(found)}", f"{len(found):064x}", {"squares.csv": found}, about, told)


TOY = Kind(
    name="toy",
    noun="a table of squares",
    heading="Squares of {title}",
    files={"squares.csv": "one row a number"},
    needs=("squares.csv",),
    contents=contents,
    title=lambda folder: f"{folder.manifest['count']} numbers",
    rebuild=lambda folder, again: squares(folder.manifest["count"]),
    captions=Captions(runs=lambda folder: "no run"),
)


@pytest.fixture
def toy(monkeypatch) -> Kind:
    """A kind that stands outside the package, for as long as the test lasts."""
    monkeypatch.setattr("sim.results.kind._REGISTERED", {})
    return register(TOY)


def test_a_kind_of_somebodys_own_is_written_replayed_and_reported(toy, tmp_path, openloop):
    made = write(toy, contents(squares(4)), tmp_path, about={"command": "squares 4"})
    folder = open_folder(made.folder)
    assert folder.kind is toy
    assert folder.title == "4 numbers"
    assert replay(made.folder).identical
    (made.folder / "squares.csv").write_text("number,square\n0,0\n1,1\n2,4\n3,8\n", encoding="utf-8")
    found = replay(made.folder)
    assert [(each.file, each.how) for each in found.changed] == [("squares.csv", "changed")]
    assert [each.what for each in found.findings if each.same is False] == ["squares.csv"]
    assert "a table of squares" in openloop("replay", made.folder).stdout
    page, twin = write_report([made.folder], tmp_path / "report")
    for text in (page.read_text(encoding="utf-8"), twin.read_text(encoding="utf-8")):
        assert "Squares of 4 numbers" in text
        assert text.count("The largest is 9.") == 2, "at the top, and in its chapter"
        assert "is not as it was written" in text


def test_two_kinds_of_one_name_are_refused(toy):
    with pytest.raises(OutputError, match='a kind of result called "toy" already'):
        register(replace(toy, noun="another"))


def test_every_room_brings_its_kind():
    found = kinds()
    assert len(found) == 10
    assert [kind.order for kind in found.values()] == sorted(kind.order for kind in found.values())
    for kind in found.values():
        assert set(kind.needs) & {*kind.files, "scenario.yaml"}
        assert (kind.rebuild is None) != (kind.sample is None), "made again whole, or in a sample"


@pytest.mark.parametrize(
    "name",
    [
        *("run", "comparison", "sweep", "explained", "scurve", "ensemble", "validation"),
        pytest.param("sensitivity", marks=pytest.mark.slow),
        pytest.param("ranges", marks=pytest.mark.slow),
    ],
)
def test_pandas_and_xarray_open_every_file_of_numbers(made, name):
    folder = made(name)
    files = [file for kind in ("*.csv", "*.nc", "*.parquet") for file in folder.rglob(kind)]
    assert files
    for file in files:
        if file.suffix == ".nc":
            with xr.open_dataset(file) as dataset:
                assert dataset.sizes, file
            continue
        table = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
        assert len(table.columns), file
        # pandas numbers a name that stands twice, and names a column without one
        assert not [name for name in table if re.search(r"\.\d+$|^Unnamed", str(name))], file


@pytest.mark.parametrize(
    "name",
    [
        *("run", "comparison", "sweep", "explained", "scurve", "ensemble", "validation"),
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("sensitivity", "loops")),
    ],
)
def test_a_folder_says_its_kind_and_keeps_what_is_told_of_it(made, name):
    folder: Folder = open_folder(made(name))
    assert folder.manifest["kind"] == folder.kind.name
    assert "?" in folder.chapter.asked
    assert folder.chapter.findings


def test_a_chapter_comes_back_as_it_was():
    told = Chapter(
        "Why?",
        [Items(("a", "b"), None), Words("c", loud=True)],
        [Heading("d"), table("e", ("f", "g"), [("1", "2")], "h.csv", (1,), folded=True)],
        ("a",),
    )
    back = Chapter.from_json(told.as_json())
    assert back.as_json() == told.as_json()
    assert isinstance(back.blocks[1], Table)
    assert back.blocks[1] == told.blocks[1]


def comparisons() -> Iterator[tuple[str, int]]:
    """Places in the package where the name of a kind is compared with, or where a table has only such names as keys."""
    names = set(kinds())
    verbs = ROOT / "sim" / "cli" / "panels.py"  # some have the name of a kind
    for path in set((ROOT / "sim").rglob("*.py")) - {verbs}:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            asks = any("kind" in ast.unparse(side) for side in sides)
            named = {
                part.value
                for side in sides
                for part in ast.walk(side)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
            keys = (
                [key.value for key in node.keys if isinstance(key, ast.Constant)] if isinstance(node, ast.Dict) else []
            )
            if (asks and named & names) or (len(keys) > 2 and names.issuperset(keys)):
                yield str(path.relative_to(ROOT)), node.lineno


def test_nobody_asks_for_a_kind_by_its_name():
    assert list(comparisons()) == []


def test_the_manifest_of_a_store_is_sealed_too(made):
    manifest = json.loads((made("ensemble") / "manifest.json").read_text(encoding="utf-8"))
    assert "manifest_sha256" in manifest
    assert set(manifest["files"]) >= {"scenario.yaml", "summary.csv", "summary.md", "findings.json"}
