"""What Hypothesis draws: how a proper request is to be spoiled, whatever the request is."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.support.hostile import HOSTILE
from tests.support.sales import SALES

SHAPES = (
    *("fields",) * 8, *("proper",) * 2, *("address",) * 2, "missing", "twice", "extra", "token",
    "json", "bytes",
)  # fmt: skip
"""``fields`` of the form get other values; the others say what else is done to it."""


@dataclass(frozen=True)
class Recipe:
    """How to spoil a request: numbers are counted round and round in what the request has."""

    who: str
    pick: int
    shape: str
    spoils: list[tuple[int, str]]
    choices: list[int]
    file: tuple[str, bytes]
    fragment: bool

    def spoil(self, number: int) -> str:
        """Return one of the values that are to stand where better ones stood."""
        return self.spoils[number % len(self.spoils)][1]


def texts() -> st.SearchStrategy[str]:
    """Values for fields, arguments and parts of addresses."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    trees = st.recursive(leaves, lambda below: st.lists(below, max_size=3) | _objects(below))
    return st.one_of(
        st.sampled_from(HOSTILE),
        st.sampled_from(HOSTILE),
        st.text(max_size=40),
        st.text(st.characters(categories=["Nd", "No", "Nl", "Zs", "Cf", "Cc", "Mn"]), max_size=12),
        st.integers().map(str),
        st.integers(-(2**70), 2**70).map(str),
        st.floats().map(str),
        st.decimals().map(str),
        st.datetimes().map(lambda moment: moment.isoformat("T", "minutes")),
        st.dates().map(str),
        st.times().map(str),
        st.from_regex(r"[a-z_.]{1,12}(:[a-z]{1,8}){0,3}", fullmatch=True),
        st.lists(st.sampled_from(HOSTILE), max_size=4).map(",".join),
        trees.map(json.dumps),
    )


def _objects(below: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(st.text(max_size=6), below, max_size=3)


def files() -> st.SearchStrategy[tuple[str, bytes]]:
    """Tables that are right, nearly right, or not tables at all, with names of files."""
    rows = st.lists(st.lists(texts(), max_size=6), max_size=8)
    content = st.one_of(
        st.just(SALES.encode()),
        st.binary(max_size=200),
        rows.map(_csv),
        st.tuples(st.integers(0, len(SALES)), st.binary(max_size=20)).map(_spliced),
        texts().map(lambda text: text.encode("utf-16", "surrogatepass")),
        st.binary(max_size=60).map(lambda rest: b"PK\x03\x04" + rest),
    )
    names = st.sampled_from(["a.csv", "a.xlsx", "a.txt", "", ".", "../a.csv", "a.csv\0", "ł.CSV"])
    return st.tuples(names, content)


def _csv(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(rows)
    return written.getvalue().encode()


def _spliced(wound: tuple[int, bytes]) -> bytes:
    place, foreign = wound
    whole = SALES.encode()
    return whole[:place] + foreign + whole[place:]


def recipes(people: list[str]) -> st.SearchStrategy[Recipe]:
    """Draw recipes; each person asks."""
    return st.builds(
        Recipe,
        who=st.sampled_from(people),
        pick=st.integers(0, 1000),
        shape=st.sampled_from(SHAPES),
        spoils=st.lists(st.tuples(st.integers(0, 40), texts()), min_size=1, max_size=4),
        choices=st.lists(st.integers(0, 40), max_size=3),
        file=files(),
        fragment=st.booleans(),
    )
