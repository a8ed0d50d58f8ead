"""Files broken in every way we can think of, made by seeded dice: the same ones each time."""

from __future__ import annotations

import io
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from tests.support import duck
from tests.support.sales import SALES

GOOD = SALES + "".join(SALES.splitlines(keepends=True)[1:]) * 4
_JUNK = (
    b"\x00", b'"', b"\xff\xfe", b"\xc3\x28", b";;;;", b"\n\n", b"\r", b"=cmd|'/c calc'!A1", b"'",
    b"\\", b"\xe2\x80\xae", b"2026-13-45", b"1e999", b"-" * 40, b"9" * 400, b"</c>", b"&x;",
    b"PAR1", b"PK\x03\x04",
)  # fmt: skip


def csv(_dice: random.Random) -> bytes:
    return GOOD.encode()


def xlsx(_dice: random.Random) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, line in enumerate(GOOD.splitlines()):
            page.write_row(number, 0, line.split(";"))
    return made.getvalue()


def parquet(_dice: random.Random) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        table, path = Path(folder, "good.csv"), Path(folder, "good.parquet")
        table.write_text(GOOD)
        duck.ask(
            "COPY (SELECT * FROM read_csv(?, all_varchar = true, sep = ';')) TO ? (FORMAT parquet)",
            [str(table), str(path)],
        )
        return path.read_bytes()


def _truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def _flip(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 30)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _insert(content: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(content) + 1)
        content = content[:at] + dice.choice(_JUNK) + content[at:]
    return content


def _drop(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content[:start] + content[start + dice.randint(1, 200) :]


def _double(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content + content[start : start + dice.randint(1, 500)]


def _mix(content: bytes, dice: random.Random) -> bytes:
    """Half the lines in another encoding."""
    lines = content.split(b"\n")
    name = dice.choice(("utf-16", "windows-1252", "utf-8"))
    return b"\n".join(
        line.decode("latin-1").replace("Lyon", "Orléans").encode(name, "replace")
        if dice.random() < 0.5
        else line
        for line in lines
    )


BREAKS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _truncate, _flip, _insert, _drop, _double, _mix,
)  # fmt: skip


def broken(seed: int, kinds: tuple[Callable[[random.Random], bytes], ...]) -> bytes:
    """The file of a seed: one of the kinds, broken once or more."""
    dice = random.Random(seed)
    content = dice.choice(kinds)(dice)
    for _ in range(dice.randint(1, 3)):
        content = dice.choice(BREAKS)(content or b" ", dice)
    return content
