"""One of a crowd of processes that send the same form many times, and start the same run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.services import upserts
from tests.faults.clerk import mona
from tests.faults.crowd import together
from tests.faults.ground import insist
from tests.faults.made import Book
from tests.faults.visitor import Visitor


def start(book: Book) -> int:
    return upserts.start(book.source(), title=book.name, by=mona(), key=f"press-{book.name}")


def submit(sent: Mapping[str, Any]) -> dict[str, Any]:
    visitor, book = Visitor(sent["url"], sent["cookies"]), Book(**sent["book"])
    runs = [insist(lambda: start(book)) for _ in range(sent["times"])]
    answers = [visitor.ask("POST", "/accounts", sent["form"]) for _ in range(sent["times"])]
    return {"forms": [[each.status, each.location] for each in answers], "runs": runs}


if __name__ == "__main__":
    together(submit)
