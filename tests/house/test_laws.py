"""Laws that no linter knows."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module

import grimp
import pytest

from crmapp.config import ROOT, Settings
from crmapp.queue import JOBS
from tests.house.test_budgets import MODULES, TESTS

KINDS = {".py", ".html", ".css", ".js", ".md", ".sh", ".toml", ".lock", ".yml", ".po", ""}
OTHERS = {".git", ".venv", "instance", "__pycache__", "node_modules"}
REGISTRIES = re.compile(
    r"py" r"pi\.org|pythonh" r"osted\.org|registry\.npm" r"js\.|(deb|security)\.debi" r"an\.org"
)
EXCUSES = re.compile(r"except Exception|except:|# noqa$|type: ignore$|\bTODO\b|\bFIXME\b|\bXXX\b")
LATER = re.compile(r"""\b(?:later|ring)\(\s*["']([\w.]+)["']""")


def ours():
    for path in ROOT.rglob("*"):
        folders = set(path.relative_to(ROOT).parts[:-1])
        hidden = any(part.startswith(".") and part != ".ci" for part in folders)
        if path.suffix in KINDS and path.is_file() and not hidden and not folders & OTHERS:
            yield path


def lines_with(pattern, paths):
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_only_the_database_room_commits():
    rooms = {"db", "migrations"}
    others = [path for path in MODULES if not rooms & set(path.relative_to(ROOT).parts)]

    assert lines_with(re.compile(r"\.commit\(\)"), others) == []


def test_no_file_names_a_package_registry():
    assert lines_with(REGISTRIES, ours()) == []


def test_nothing_is_excused_without_a_reason():
    files = [path for path in MODULES + TESTS if path.name != "test_laws.py"]

    assert lines_with(EXCUSES, files) == []


def test_every_job_that_is_put_on_the_queue_exists():
    asked = {name for path in MODULES for name in LATER.findall(path.read_text())}

    assert asked <= JOBS.keys()


@pytest.mark.parametrize("target", JOBS.values())
def test_every_job_is_a_function(target):
    module, _, name = target.rpartition(".")

    assert callable(getattr(import_module(module), name))


def test_every_setting_is_documented():
    source = (ROOT / "crmapp" / "config.py").read_text()
    page = (ROOT / "docs" / "settings.md").read_text()
    variables = re.findall(r"^    \w+: .*#\s+([A-Z_]+):?", source, re.MULTILINE)

    assert len(variables) == len(fields(Settings))
    assert [name for name in variables if f"`{name}`" not in page] == []


def test_modules_do_not_import_in_circles():
    graph = grimp.build_graph("crmapp", exclude_type_checking_imports=True)
    circles = [
        f"{module} <-> {imported}"
        for module in sorted(graph.modules)
        for imported in graph.find_modules_directly_imported_by(module)
        if not module.startswith(f"{imported}.")
        and not imported.startswith(f"{module}.")
        and graph.chain_exists(importer=imported, imported=module)
    ]

    assert circles == []
