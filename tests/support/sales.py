"""Small tables of sales as people send them, and databases made of them."""

from __future__ import annotations

import io

from crmapp.models import StoredDataset
from crmapp.services import databases, runs

SALES = (
    "Date;Customer no;Customer;City;Product code;Qty;Amount\n"
    "2026-05-01;0017;Acme;Lyon;P1;2;19.90\n"
    "2026-05-02;0018;Brown & Sons;Nice;P2;1;5.00\n"
    "2026-05-02;0017;Acme;Lyon;P2;3;1,015.00\n"
    "2026-04-05;0017;Acme;Lyon;P1;1;(9.95)\n"
)


def draft(by, content: str = SALES, filename: str = "our-sales.csv") -> int:
    """Draft a database as the page does; return its id."""
    return databases.start(io.BytesIO(content.encode()), filename, by=by)


def publish(make, content: str = SALES, *, work: bool = True) -> StoredDataset:
    """Make a database of a table and load it, as alice would."""
    dataset_id = draft(make.alice, content)
    run_id = databases.publish(dataset_id, by=make.alice)
    if work:
        runs.work(run_id)
    return make.again(StoredDataset, dataset_id)


def send(make, stored: StoredDataset, content: str, *, adds: bool = False) -> int:
    """Send a database another file; return the refresh's run."""
    stream = io.BytesIO(content.encode())
    return databases.send(stored.id, stream, "more.csv", adds=adds, by=make.alice)
