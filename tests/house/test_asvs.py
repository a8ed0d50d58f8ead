"""Every requirement of OWASP ASVS 5.0 level 2 is answered, most of them by a test that is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache

from crmapp.config import ROOT
from scripts import asvs_table
from scripts.asvs_table import DOCUMENT, WORDS, requirements, written

HELD, APPLY = 170, 200
"""So many at least are held by tests, and apply."""
COUNTS = {
    "V1": (2, 9, 11, 3, 2), "V2": (3, 3, 4, 1), "V3": (0, 2, 4, 6, 5, 0, 2), "V4": (3, 1, 2, 4),
    "V5": (1, 3, 2, 3), "V6": (3, 12, 4, 4, 5, 3, 0, 4), "V7": (3, 4, 2, 5, 2, 2),
    "V8": (2, 3, 1, 1), "V9": (3, 4), "V10": (2, 2, 4, 11, 5, 2, 3), "V11": (2, 3, 3, 4, 1, 1),
    "V12": (3, 2, 4), "V13": (1, 5, 2, 5), "V14": (2, 4, 3), "V15": (3, 3, 7),
    "V16": (1, 5, 4, 3, 3), "V17": (1, 4, 2),
}  # fmt: skip
"""Chapter → how many requirements of levels 1 and 2 each of its sections has: the first ones."""
IDS = [
    f"{chapter}.{section}.{number}"
    for chapter, sections in COUNTS.items()
    for section, count in enumerate(sections, 1)
    for number in range(1, count + 1)
]


@cache
def defined_in(path: str) -> frozenset[str]:
    file = ROOT / path
    nodes = ast.walk(ast.parse(file.read_text())) if file.is_file() else ()
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    return name.startswith("test_") and name in defined_in(path)


def test_every_requirement_is_answered_once_in_order():
    assert [each.id for each in requirements()] == IDS
    assert len(IDS) == 253


def test_every_answer_is_one_that_there_is():
    odd = [each.id for each in requirements() if each.answer not in WORDS or each.level not in "12"]

    assert odd == []


def test_every_test_that_is_named_exists():
    missing = [
        f"{each.id} {test}" for each in requirements() for test in each.tests if not exists(test)
    ]

    assert missing == []


def test_what_is_held_names_its_tests_and_everything_else_says_why():
    held = [each.id for each in requirements() if each.answer == "test" and not each.tests]
    silent = [each.id for each in requirements() if each.answer != "test" and len(each.note) < 5]
    wordless = [each.id for each in requirements() if len(each.what) < 10]

    assert (held, silent, wordless) == ([], [], [])


def test_most_that_apply_are_held_by_tests():
    count = Counter(each.answer for each in requirements())

    assert count["test"] >= HELD
    assert count.total() - count["none"] >= APPLY


def test_what_is_documented_stands_there():
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^## (.+)$", DOCUMENT.read_text(), re.MULTILINE)
    }
    links = [link for each in requirements() for link in re.findall(r"\]\(#([^)]+)\)", each.note)]

    assert links
    assert {*links} <= headings


def test_the_table_of_the_document_is_that_of_the_file():
    document = DOCUMENT.read_text()

    assert asvs_table.BEGIN in document
    assert written(document) == document
