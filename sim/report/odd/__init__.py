"""The model described in the form of the ODD protocol (grimm2020), so that the description cannot fall behind the code.

Tables come from the declarations; the words between them lie in ``prose/``, one file a section, with a placeholder such
as ``{{parameters compute}}`` where a table goes. `sim.report.odd.document` joins the two; `sim.report.odd.check` finds
what is declared but not described, and what is described but no longer there.
"""

from sim.report.odd.check import faults
from sim.report.odd.document import as_html, full, summary

__all__ = ["as_html", "faults", "full", "summary"]
