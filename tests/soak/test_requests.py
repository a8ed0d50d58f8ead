"""No request, however bad, breaks a page of a real server or leaves something half written."""

from __future__ import annotations

from soak import requests

SEED = 2026


def test_generated_bad_requests_break_nothing(empty_database, tmp_path):
    with requests.running(tmp_path / "home", empty_database) as siege:
        siege.walk()
        siege.press(230, SEED)
        siege.settle()

    assert siege.toll.breaks == []
    assert siege.toll.answers[200] > 50
    assert siege.toll.answers.total() >= 300
    assert len(siege.toll.targets) == len(siege.site.targets)
