"""The verb ``openloop replay``: make a folder of results again, and say whether the numbers are identical."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from sim.cli import options
from sim.cli.exit_codes import FAILED, leave
from sim.cli.standard_streams import printable_json
from sim.cli.terminal import progress, shown
from sim.results.kind import UNSEALED

if TYPE_CHECKING:
    from sim.experiments.replay import Replay


def replay(
    folder: options.Result,
    figures: options.Figures = False,
    out: options.OutIfGiven = None,
    sample: options.Sample = 5,
    model: options.Model = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Check the files of a folder, make it again, and say whether the numbers are identical.

    Exit code 1 if a file was changed or a number differs. Of an ensemble and a sensitivity study some runs are done
    again; everything else is made again whole. With --out what was made again is kept, in a folder below that one;
    --model says where a model of your own is now.

    \b
    openloop replay runs/baseline-1a2b3c4d
    openloop replay runs/baseline-vs-no-control-5e6f7a8b --figures
    openloop replay runs/baseline-ensemble-9c0d1e2f --sample 20
    openloop replay runs/baseline-1a2b3c4d --out rebuilt
    """
    from sim.experiments.replay import as_json as told
    from sim.experiments.replay import replay as make_again

    stage = partial(progress, name="replay", quiet=quiet)
    found = make_again(folder, figures=figures, out=out, sample=sample, model=model, threads=threads, stage=stage)
    if as_json:
        print(printable_json(told(found)))
    elif quiet:
        print(verdict(found))
    else:
        print("\n".join(words(found)))
    if not found.identical:
        leave(FAILED)


def verdict(found: Replay) -> str:
    """One line: what the folder is, and whether it holds."""
    if not found.identical:
        differs = _touched(found) or any(each.same is False for each in found.findings)
        said = "NOT identical" if differs else "nobody vouches for its manifest"
        return f"{shown(found.folder.path)}: {said}"
    return f"{shown(found.folder.path)}: {_same(found) if found.checked else 'files untouched, nothing made again'}"


def _touched(found: Replay) -> int:
    """How many of the files that have a checksum are not what it vouches for."""
    return sum(each.how != UNSEALED for each in found.changed)


def _same(found: Replay) -> str:
    return (
        "equal within the tolerance of a fit" if any(each.said for each in found.findings if each.same) else "identical"
    )


def words(found: Replay) -> Iterator[str]:
    """Everything that was found, to read."""
    folder = found.folder
    yield f"{shown(folder.path)}: {folder.kind.noun}, made by version {folder.version}"
    if found.vouched:
        touched = _touched(found)
        yield f"  Checksums: {found.vouched - touched} of {found.vouched} files are the ones that were written."
    else:
        yield "  Checksums: none were recorded for this folder."
    yield from (f"    {each.file}: {each.how}" for each in found.changed)
    yield from (f"  Not as it was: {each}." for each in found.circumstances)
    same = [each.what for each in found.findings if each.same and not each.said]
    if same:
        yield f"  Made again and identical: {', '.join(same)}."
    for each in found.findings:
        if each.same is None:
            yield f"  Not made again: {each.what}: {each.said}."
        elif each.same and each.said:
            yield f"  Made again and equal, though {each.said}: {each.what}."
        elif not each.same:
            yield f"  Made again, and not identical: {each.what}: {each.said}."
    if found.rebuilt is not None:
        yield f"  What was made again lies in {shown(found.rebuilt)}/"
    yield _conclusion(found)


def _conclusion(found: Replay) -> str:
    if found.identical and any(each.same and each.said for each in found.findings):
        return "The numbers are equal within the tolerance of a fit, and not all to the last bit."
    if found.identical and found.checked:
        return "The numbers are identical."
    if found.identical:
        return "No file was touched. No number was made again."
    why = "Files were changed" if _touched(found) else "Nobody vouches for what the manifest says"
    if not found.checked:
        return f"{why}, and no number was made again."
    differing = [each for each in found.findings if each.same is False]
    if found.changed and not differing:
        return f"{why}, though what was made again equals what is stored."
    other = " Other versions may be why." if found.circumstances else ""
    return f"The folder is not what its scenario gives.{other}"
