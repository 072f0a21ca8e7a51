"""Two files of results held against each other: how many numbers differ, by how much, and where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.results.differences import compare_files


@pytest.fixture
def sides(tmp_path):
    """Folders for the stored and the rebuilt file."""
    for name in ("stored", "rebuilt"):
        (tmp_path / name).mkdir()
    return tmp_path / "stored", tmp_path / "rebuilt"


def compared(sides, *tables, tolerance=0.0):
    for folder, table in zip(sides, tables, strict=True):
        pd.DataFrame(table).to_csv(folder / "t.csv", index=False)
    return compare_files(*sides, "t.csv", tolerance)


def datasets(sides, **changes):
    """The finding about a small dataset and the same with changes at one place each: ``variable=(place, value)``."""
    series = {
        "share": (("run", "month"), np.array([[0.5, 0.25], [0.1, np.nan]])),
        "name": (("run",), np.array(["a", "b"], dtype=object)),
    }
    stored = xr.Dataset(series, coords={"month": [24, 25], "run": [3, 4]})
    rebuilt = stored.copy(deep=True)
    for variable, (place, value) in changes.items():
        rebuilt[variable][place] = value
    for folder, dataset in zip(sides, (stored, rebuilt), strict=True):
        dataset.assign_attrs(folder=folder.name).to_netcdf(folder / "s.nc", engine="netcdf4")
    return compare_files(*sides, "s.nc")


def test_the_largest_difference_of_a_table_is_told_with_its_line_and_column(sides):
    found = compared(sides, {"a": [1.0, 2.0], "b": ["x", "y"]}, {"a": [1.5, 2.002], "b": ["x", "z"]})
    assert found.said == (
        "3 cells differ; the largest relative difference is 0.333, in line 2, a: 1.0 stored, 1.5 rebuilt"
    )


def test_words_that_differ_are_told_without_a_size(sides):
    assert compared(sides, {"b": ["x", "y"]}, {"b": ["x", "z"]}).said == (
        "1 cell differs, in line 3, b: y stored, z rebuilt"
    )


def test_a_missing_number_is_no_small_difference(sides):
    found = compared(sides, {"a": [1.0, 2.0]}, {"a": [1.0, np.nan]}, tolerance=0.5)
    assert found.same is False
    assert "difference is inf, in line 3, a: 2.0 stored, nan rebuilt" in found.said


def test_digits_that_mean_the_same_numbers_are_no_difference_of_numbers(sides):
    for folder, text in zip(sides, ("a\n1.50\n", "a\n1.5\n"), strict=True):
        (folder / "t.csv").write_text(text)
    assert compare_files(*sides, "t.csv").said == "holds the same numbers in other words or digits"


def test_a_table_of_another_size_is_told_so(sides):
    found = compared(sides, {"a": [1, 2]}, {"a": [1, 2, 3], "b": [1, 2, 3]})
    assert found.said == "has 2 rows of 1 columns; rebuilt, 3 of 2"


def test_a_dataset_with_other_attributes_is_the_same(sides):
    assert datasets(sides).same


def test_the_largest_difference_of_a_dataset_is_told_with_its_labels(sides):
    assert datasets(sides, share=((0, 1), 0.3)).said == (
        "1 of 2 series differ; the largest relative difference is 0.1, in share at run 3, 2026-02: "
        "0.25 stored, 0.3 rebuilt"
    )


def test_a_number_that_is_missing_on_one_side_differs_most(sides):
    assert "difference is inf, in share at run 4, 2026-02: nan stored, 1 rebuilt" in (
        datasets(sides, share=((1, 1), 1.0), name=(0, "c")).said
    )


def test_a_series_of_words_is_told_by_its_words(sides):
    assert "in name at run 4: b stored, c rebuilt" in datasets(sides, name=(1, "c")).said
