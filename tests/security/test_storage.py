"""V14.3, V15.3, V16.2: what scripts keep and build, and where modules log to."""

from __future__ import annotations

import re

from crmapp.config import ROOT
from tests.house.test_budgets import MODULES

SCRIPTS = sorted((ROOT / "crmapp" / "static" / "js").glob("*.js"))


def found(pattern, paths):
    return {path.name: hits for path in paths if (hits := re.findall(pattern, path.read_text()))}


def test_scripts_keep_nothing_of_anybody_in_the_browser():
    kept = found(r"(?:localStorage|sessionStorage)\.setItem\(([^)]*)\)", SCRIPTS)

    assert kept == {"boot.js": ["KEY, Date.now("]}  # when the CDN was away
    assert found(r"indexedDB|caches\.open|document\.cookie|serviceWorker", SCRIPTS) == {}


def test_no_script_lets_others_name_the_keys_of_an_object():
    assert (
        found(r"__proto__|\.prototype\[|Object\.assign\(|\[[\w.]+\]\[[\w.]+\] ?=[^=]", SCRIPTS)
        == {}
    )


def test_no_script_listens_to_windows_of_others():
    assert found(r"addEventListener\([\"']message|postMessage|window\.opener", SCRIPTS) == {}


def test_no_module_logs_to_a_place_of_its_own():
    places = r"FileHandler|SysLogHandler|SocketHandler|HTTPHandler|basicConfig|\bprint\("
    ours = [path for path in MODULES if "cli" not in path.parts]

    assert found(places, ours) == {}
