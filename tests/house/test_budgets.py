"""The house stays small: files, functions, views, jobs and templates have a size."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.config import ROOT

PACKAGE = ROOT / "crmapp"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))

FILE, FUNCTION, VIEW, JOB, PAGE, PARTIAL = 400, 50, 25, 6, 120, 80


def named(paths: list[Path]) -> dict[str, object]:
    return {"argvalues": paths, "ids": [str(path.relative_to(ROOT)) for path in paths]}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def length(function: ast.FunctionDef) -> int:
    """Count the lines of a function's body, without its decorators and docstring."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        documented = (first.end_lineno or 0) - first.lineno + 1
    else:
        documented = 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def too_long(path: Path, budget: int) -> list[str]:
    return [f"{f.name}: {length(f)} lines" for f in functions(path) if length(f) > budget]


@pytest.mark.parametrize("path", **named(MODULES + TESTS))
def test_a_file_fits_on_few_screens(path):
    assert len(path.read_text().splitlines()) <= FILE


@pytest.mark.parametrize("path", **named(MODULES + TESTS))
def test_a_function_fits_on_one_screen(path):
    assert too_long(path, FUNCTION) == []


@pytest.mark.parametrize("path", **named(sorted((PACKAGE / "blueprints").rglob("*.py"))))
def test_a_view_reads_calls_and_answers(path):
    assert too_long(path, VIEW) == []


def test_a_job_calls_one_service():
    rooms = [p for p in (PACKAGE / "jobs").glob("*.py") if p.stem in {"runs", "mails"}]

    assert {p.name: too_long(p, JOB) for p in rooms} == {p.name: [] for p in rooms}


def test_a_template_holds_one_thing():
    sizes = {path: len(path.read_text().splitlines()) for path in TEMPLATES}
    budgets = {path: PARTIAL if path.name.startswith("_") else PAGE for path in TEMPLATES}

    assert {str(p): n for p, n in sizes.items() if n > budgets[p]} == {}


@pytest.mark.parametrize("path", **named(MODULES))
def test_a_module_says_what_it_is_for(path):
    source = path.read_text()
    docstring = ast.get_docstring(ast.parse(source)) or ""

    assert not source or docstring.splitlines()[0].endswith((".", ":"))
