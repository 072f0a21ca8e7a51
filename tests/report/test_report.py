"""`openloop report`: folders in, one page out that needs nothing else and says what it rests on."""

from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.basics.errors import OutputError
from sim.report import write_report
from sim.report.captions import caption
from sim.report.page import as_html, as_markdown
from sim.report.scenarios import ASSUMED, MEASURED, TUNED
from sim.results.folder import open_folder
from tests.folders import SMALL
from tests.worlds import BASELINE

KINDS = ("run", "comparison", "scurve-of-run", "ensemble", "sweep", "explained", "validation")
"""Every kind of folder that takes no minutes."""
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Reader(HTMLParser):
    """Checks that tags close, and gathers what a page asks for."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.assets: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.alts: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if "src" in about:
            self.assets.append(about["src"])
        if tag == "img":
            self.alts.append(about["alt"])
        if tag == "a":
            self.links.append(about["href"])
        if "id" in about:
            self.ids.append(about["id"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(made, tmp_path_factory) -> tuple[str, str]:
    page, twin = write_report([made(kind) for kind in KINDS], tmp_path_factory.mktemp("report"))
    return page.read_text(encoding="utf-8"), twin.read_text(encoding="utf-8")


def visible(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def test_a_page_has_a_chapter_for_every_folder_and_what_it_rests_on(report):
    for text in report:
        for title in (
            "In short",
            "What happened: odd.name",
            "What differs: baseline against no-control",
            "S-curves of",
            "The ensemble of baseline",
            "How it responds",
            "Why: baseline against no-control",
            "What the scenarios say",
            "What is assumed",
            "What this must not be used for",
            "Where it comes from, and how to make it again",
            "Every number",
        ):
            assert title in text.replace("\\", ""), title


def test_a_page_fetches_nothing_runs_nothing_and_is_well_formed(report):
    found = Reader(report[0])
    assert found.assets
    assert all(each.startswith("data:image/svg+xml;base64,") for each in found.assets)
    assert not {"script", "link", "iframe", "object"} & found.tags
    assert "@import" not in report[0]
    assert "url(" not in report[0]
    assert not [each for each in found.links if each.startswith(("http", "//", "file:", "/"))]


def test_every_entry_of_the_contents_leads_somewhere_and_no_name_is_given_twice(report):
    found = Reader(report[0])
    inside = {each[1:] for each in found.links if each.startswith("#")}
    assert len(found.ids) == len(set(found.ids))
    assert inside <= set(found.ids)
    twin = report[1]
    assert set(re.findall(r"\]\(#([^)]+)\)", twin)) <= set(re.findall(r'<a id="([^"]+)">', twin))


def test_files_that_numbers_come_from_lie_where_the_links_say(made, tmp_path):
    page, twin = write_report([made("run"), made("comparison")], tmp_path / "somewhere")
    links = [each for each in Reader(page.read_text(encoding="utf-8")).links if not each.startswith("#")]
    links += re.findall(r"(?<!\\)\]\((?!#)([^)]+)\)", twin.read_text(encoding="utf-8"))
    assert len(links) > 20
    for each in links:
        assert (page.parent / each).is_file(), each


def test_captions_state_runs_seed_interval_and_hash_of_the_manifest(made, report):
    manifest = json.loads((made("run") / "manifest.json").read_text(encoding="utf-8"))
    said = caption(open_folder(made("run")), "focus_share")
    assert said.startswith("How much of the future share of the lines in focus is luck?")
    for part in (
        "3 runs",
        "seed 0",
        "60 adopters",
        "2024-01 to 2026-06",
        "10 to 90% of the runs",
        "lockstep",
        manifest["hash"],
        manifest["openloop"],
    ):
        assert part in said, part
    paired = caption(open_folder(made("comparison")), "comparison")
    assert "3 paired runs" in paired
    assert "95% intervals of the mean paired difference" in paired
    assert "bootstrap" in caption(open_folder(made("scurve-of-run")), "scurves")
    assert said.replace("`", "") in Reader(report[0]).alts


def test_a_caption_follows_the_manifest_and_not_the_day(made, tmp_path):
    folder = shutil.copytree(made("run"), tmp_path / made("run").name)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(
        json.dumps({**manifest, "seed": 991, "runs_finished": 2, "openloop": "0.0.7"}), encoding="utf-8"
    )
    said = caption(open_folder(folder), "prices")
    for part in ("seed 991", "2 runs of 3 that were asked for", "OpenLoop 0.0.7"):
        assert part in said, part


def test_one_run_has_no_interval_and_no_figures_and_says_so(made, tmp_path):
    page, _ = write_report([made("single")], tmp_path / "out")
    text = visible(page.read_text(encoding="utf-8"))
    assert "One run gives no interval" in text
    assert "This folder holds no figures" in text
    assert "95% interval of the mean 0" not in text
    assert not re.search(r"\bnan\b", text)
    assert "A single run" in caption(open_folder(made("single")), "prices")


def test_words_of_a_scenario_are_never_markup(report):
    page, twin = report
    assert "<script" not in page
    assert "<b>fall" not in page
    assert '<b>fall</b> & "rise"; see [here](x) | <script>alert(1)</script> *now*.' in visible(page)
    assert "<script" not in twin
    assert "&lt;script>" in twin
    assert "\\[here\\](x)" in twin


def test_what_is_assumed_is_counted_from_the_declarations(report):
    text = visible(report[0])
    counts = re.search(
        r"uses (\d+) declared numbers .*?: (\d+) have a source, (\d+) were tuned .*?, and (\d+) are", text
    )
    assert counts is not None
    every, *parts = map(int, counts.groups())
    assert sum(parts) == every > 300
    assert min(parts) > 50
    rows = re.findall(rf"<td[^>]*>({MEASURED}|{TUNED}|{ASSUMED})</td>", report[0])
    assert [rows.count(kind) for kind in (MEASURED, TUNED, ASSUMED)] == parts
    assert "chip-control-2024" in text


def test_figures_come_with_the_command_that_draws_them_again(made, report):
    text = visible(report[0])
    assert f"To draw it again: openloop replay {made('run')} --figures" in text
    assert f"openloop ensemble {made('ensemble')}" in text


def test_numbers_differing_from_the_defaults_are_told(tmp_path, openloop):
    run = openloop(
        "run",
        BASELINE,
        *SMALL,
        "--replicates",
        1,
        "--no-figures",
        "--set",
        "startup.switching_cost=1.7",
        "--out",
        tmp_path,
        "-q",
    ).folder
    page, twin = write_report([run])
    assert page.parent == run
    for text in (visible(page.read_text(encoding="utf-8")), twin.read_text(encoding="utf-8").replace("\\", "")):
        assert "startup.switching_cost: 0.6 -> 1.7 utils" in text
        assert "Outside the range that anybody has argued for" in text


def test_a_folder_that_was_changed_is_reported_with_a_warning(made, tmp_path):
    folder = shutil.copytree(made("comparison"), tmp_path / made("comparison").name)
    table = (folder / "comparison.csv").read_text(encoding="utf-8")
    (folder / "comparison.csv").write_text(table.replace("no-control,", "no-control,", 1) + "\n", encoding="utf-8")
    page, _ = write_report([folder], tmp_path / "out")
    assert "is not as it was written: comparison.csv (changed)" in visible(page.read_text(encoding="utf-8"))


def test_the_same_folders_give_the_same_page(made, tmp_path):
    first = write_report([made("run")], tmp_path / "a")
    second = write_report([made("run"), made("run")], tmp_path / "b")
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_a_report_replaces_a_report_and_nothing_else(made, tmp_path):
    out = tmp_path / "out"
    write_report([made("single")], out)
    write_report([made("single")], out)
    (out / "report.md").write_text("# My own notes\n", encoding="utf-8")
    with pytest.raises(OutputError, match=r"report\.md is in the way"):
        write_report([made("single")], out)
    assert (out / "report.md").read_text(encoding="utf-8") == "# My own notes\n"


def test_several_folders_get_a_place_of_their_own(made, tmp_path):
    run, comparison = (shutil.copytree(made(kind), tmp_path / made(kind).name) for kind in ("run", "comparison"))
    page, _ = write_report([run, comparison])
    assert page.parent.parent == tmp_path
    assert page.parent.name.startswith("report-")
    again, _ = write_report([comparison, run])
    assert again == page


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: folder / "nowhere", "does not exist"),
        (lambda folder: folder / "manifest.json", "is a file, and no folder of results"),
        (lambda folder: folder.parent / "empty", "it has no manifest.json"),
        (lambda folder: _without(folder, "series.nc"), "series.nc is missing"),
        (lambda folder: _spoiled(folder, "manifest.json", "{"), "manifest.json cannot be read"),
        (lambda folder: _spoiled(folder, "manifest.json", "{}"), "says nothing that this version knows"),
        (lambda folder: _spoiled(folder, "findings.json", "{"), "findings.json cannot be read"),
        (lambda folder: _spoiled(folder, "scenario.yaml", "months: [x"), "scenario.yaml cannot be read"),
    ],
)
def test_what_is_no_folder_of_results_is_refused_gently(made, tmp_path, prepare, words, openloop):
    (tmp_path / "empty").mkdir()
    folder = prepare(shutil.copytree(made("run"), tmp_path / "copy"))
    done = openloop("report", folder, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def _without(folder: Path, name: str) -> Path:
    (folder / name).unlink()
    return folder


def _spoiled(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_command_says_where_things_are(made, tmp_path, openloop):
    done = openloop("report", made("run"), "--out", tmp_path, "--title", "A <title>")
    assert done.returncode == 0
    assert "report.html" in done.stdout
    assert "openloop replay" in done.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>A &lt;title&gt;</h1>" in page
    about = openloop("report", made("run"), "--out", tmp_path, "--json", "-q")
    assert json.loads(about.stdout)["html"].endswith("report.html")


@pytest.mark.slow
def test_loops_and_sensitivity_have_their_chapters(made, tmp_path):
    loops, study = (shutil.copytree(made(kind), tmp_path / made(kind).name) for kind in ("loops", "sensitivity"))
    page, twin = write_report([loops, study])
    text = visible(page.read_text(encoding="utf-8"))
    for words in (
        "The loops of baseline",
        "Gains over all sectors",
        "All loops together return",
        "What drives baseline",
        "widened for skewness",
        "no-tipping bound",
        "Evidence debt",
    ):
        assert words in text, words
    assert "6 paired replicates" in text
    assert page.parent == tmp_path / page.parent.name
    Reader(page.read_text(encoding="utf-8"))
    for each in re.findall(r"(?<!\\)\]\((?!#)([^)]+)\)", twin.read_text(encoding="utf-8")):
        assert (page.parent / each).is_file(), each


def test_both_pages_render_an_empty_report():
    from sim.results.blocks import Page

    nothing = Page("Nothing", "0")
    assert "<h1>Nothing</h1>" in as_html(nothing, Path())
    assert as_markdown(nothing, Path()).startswith("<!-- openloop report 0 -->")
