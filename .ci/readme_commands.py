"""Run every command of the README from an empty folder, with the installed package and nothing of the checkout.

    python .ci/readme_commands.py README.md FOLDER

Files that the README shows are written first (a block of YAML or Python whose text names its file). Commands run in the
order of the page, each in a small size: options appended to a verb make it quick, and change nothing of how its
arguments are found. A folder such as ``runs/baseline-1a2b3c4d`` stands for the newest one of that name. The first block
of the page is the checkout's own set-up and is left out.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

SMALL = ["--months", "40", "--adopters", "200"]
SHORTER = {
    "run": [*SMALL, "--replicates", "2"],
    "compare": [*SMALL, "--replicates", "4"],
    "explain": [],
    "ensemble": [*SMALL, "--replicates", "2"],
    "sensitivity": [*SMALL, "--size", "4"],
    "loops": [*SMALL, "--quick", "--start", "2025-01"],
    "validate": ["--replicates", "2"],
    "scurve": ["--resamples", "0"],
}
"""Verb -> options that make it quick."""

LEFT_OUT = re.compile(r"^(pip|jupyter|solara|mpiexec|python)\b|which-region")
"""Commands of other programs, and the one that needs an extra."""


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def files_shown(text: str) -> dict[str, str]:
    """Files whose content the README shows, by the name that stands before the block: Save it as `name`."""
    pattern = r"`(\w+\.(?:yaml|py|csv))`[^`]*?\n\n```(?:yaml|python|csv)\n(.*?)```"
    return dict(re.findall(pattern, text, flags=re.DOTALL))


def commands(text: str) -> list[str]:
    """Every shell command of the page, without its comment, but those of the first block."""
    lines = [line for block in blocks(text, "sh")[1:] for line in block.splitlines()]
    stripped = [re.sub(r"\s+#.*$", "", line).strip() for line in lines]
    return [line for line in stripped if line and not line.startswith("#") and not LEFT_OUT.search(line)]


def settled(word: str, folder: Path) -> str:
    """A word with the hash of a folder replaced by that of the newest folder of the same name."""
    found = re.fullmatch(r"(runs/.+)-[0-9a-f]{8}", word)
    if found is None:
        return word
    hashed = re.compile(rf"{re.escape(Path(found[1]).name)}-[0-9a-f]{{8}}")
    made = [path for path in folder.glob(f"{found[1]}-*") if hashed.fullmatch(path.name)]
    if not made:
        raise SystemExit(f"{word}: no command before it has made such a folder")
    return str(max(made, key=lambda path: path.stat().st_mtime).relative_to(folder))


def main(readme: str, place: str) -> int:
    """Run them all; the number of those that failed."""
    text, folder = Path(readme).read_text(encoding="utf-8"), Path(place)
    for name, content in files_shown(text).items():
        (folder / name).write_text(content, encoding="utf-8")
    failed = 0
    for command in commands(text):
        words = [settled(word, folder) for word in shlex.split(command)]
        if words[0] == "openloop" and len(words) > 1:
            own = SHORTER.get(words[1], [])
            on_folders = any(word.startswith("runs/") for word in words)  # are explained and scored as they were made
            own = [*own, "--points", "4"] if "--points" in words else own
            words += [] if on_folders or ("--plan" in words and words[1] != "ensemble") else own
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {command}", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout[-2000:], done.stderr[-2000:], sep="\n")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
