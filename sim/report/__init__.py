"""One page from folders of results: what was asked, what came out, how surely, on what it rests, how to make it again.

::

    folders --findings--> sections of blocks (words, tables, figures) --render--> report.html, report.md

`sections` makes the chapter of a folder from what the folder keeps of its findings, `captions` says what stands under a
figure, `scenarios` what is assumed, and `page` turns blocks into a self-contained HTML page and its twin in Markdown.
Nothing is simulated here, and every table names the file that holds its numbers.

>>> from sim.report import write_report
>>> write_report(["runs/baseline-1a2b3c4d", "runs/baseline-vs-no-control-5e6f7a8b"])      # doctest: +SKIP
"""

from __future__ import annotations

from sim.report.writing import write_report

__all__ = ["write_report"]
