from __future__ import annotations

from pypackage.analysis.diagnostics import Diagnostics
from pypackage.analysis.imports import Remark, Scan
from tests.support.heard import Heard


def test_of_source__more_remarks_than_anyone_reads__are_counted() -> None:
    heard = Heard()
    told = Diagnostics(heard)
    remarks = tuple(Remark(line, 1, "odd") for line in range(1, 24))
    told.of_source("s.py", Scan(remarks=remarks))
    told.more()
    assert len(heard.warnings) == 21
    assert heard.warnings[0] == "s.py:1:1: odd"
    assert heard.warnings[-1] == "and 3 more remarks of this kind; -v shows them"
    assert heard.details == [f"s.py:{line}:1: odd" for line in (21, 22, 23)]


def test_more__all_were_shown__says_nothing() -> None:
    heard = Heard()
    told = Diagnostics(heard)
    told.of_source("s.py", Scan(remarks=(Remark(1, 1, "odd"),)))
    told.more()
    told.warn("once")
    told.warn("once")
    assert heard.warnings == ["s.py:1:1: odd", "once"]
