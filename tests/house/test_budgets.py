"""The house stays small: files, functions, views, jobs and templates have a size."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from crmapp.config import ROOT

PACKAGE = ROOT / "crmapp"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
TESTS = sorted(path for room in ("tests", "soak") for path in (ROOT / room).rglob("*.py"))
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))

FILE, FUNCTION, VIEW, JOB, PAGE, PARTIAL = 400, 50, 25, 6, 120, 80


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


def too_long(paths: list[Path], budget: int) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} {function.name}: {length(function)} lines"
        for path in paths
        for function in functions(path)
        if length(function) > budget
    ]


def too_big(paths: list[Path], budget: int) -> list[str]:
    sizes = {path: len(path.read_text().splitlines()) for path in paths}
    return [f"{p.relative_to(ROOT)}: {size} lines" for p, size in sizes.items() if size > budget]


def test_a_file_fits_on_few_screens():
    assert too_big(MODULES + TESTS, FILE) == []


def test_a_function_fits_on_one_screen():
    assert too_long(MODULES + TESTS, FUNCTION) == []


def test_a_view_reads_calls_and_answers():
    assert too_long(sorted((PACKAGE / "blueprints").rglob("*.py")), VIEW) == []


def test_a_job_calls_one_service():
    rooms = [PACKAGE / "jobs" / name for name in ("runs.py", "mails.py")]

    assert too_long(rooms, JOB) == []


def test_a_template_holds_one_thing():
    partials = [path for path in TEMPLATES if path.name.startswith("_")]
    pages = [path for path in TEMPLATES if not path.name.startswith("_")]

    assert too_big(partials, PARTIAL) == []
    assert too_big(pages, PAGE) == []


def test_a_module_says_what_it_is_for():
    sources = {path.relative_to(ROOT): path.read_text() for path in MODULES}
    heads = {
        path: (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        for path, text in sources.items()
        if text
    }

    assert [str(path) for path, head in heads.items() if not head.endswith((".", ":"))] == []
