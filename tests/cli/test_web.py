"""The processes of the web: the memory of an answer is there for the next one."""

from __future__ import annotations

import ctypes
import subprocess
import sys

from crmapp.config import ROOT

ANSWERS = """
import resource
from crmapp.cli.supervision.web import keep_memory

def answer():
    pieces = ["\\u2013" * 200_000]
    for _ in range(5):
        pieces.append("".join([pieces[-1], "."]))

{first}
answer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    answer()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def fetched(first: str) -> int:
    """Return how many pages of memory a process gets from the kernel for a hundred answers."""
    script = ANSWERS.format(first=first)
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return int(ended.stdout)


def test_the_memory_of_an_answer_stays_for_the_next_one_where_that_can_be_said():
    least = 20 if hasattr(ctypes.CDLL(None), "mallopt") else 0.5

    kept, given_back = fetched("keep_memory()"), fetched("")

    assert kept < given_back / least
