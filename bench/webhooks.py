"""The messages of an edit of many accounts, sent to a webhook, over the same by hand.

``python -m bench.webhooks --rows 100000``. By hand: read an account with ``sqlite3``, sign it, send
it with ``httpx``, note the answer, commit. The receiver is a process of its own. It prints what the
sender holds of the memory, how many messages wait, and how fast it is, after each slice of its
work: none of them may grow with the rows.
"""

from __future__ import annotations

import argparse
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Process
from pathlib import Path

import httpx
import orjson
from sqlalchemy import func, select

from bench.bulk_edits import by_pipeline
from bench.filled import filled
from bench.memory import resident
from bench.timing import Timing, ratio
from crmapp import config
from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.domain.webhooks import new_secret, signature
from crmapp.jobs.lifeline import die_with_parent
from crmapp.models import Delivery, User
from crmapp.services import users, webhook_sending, webhooks
from crmapp.services.webhooks import Wanted


class Taking(BaseHTTPRequestHandler):
    """Takes every message."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[str]:
    """Serve whoever sends, one at a time."""
    server = HTTPServer(("127.0.0.1", 0), Taking)
    process = Process(target=_serve, args=(server, os.getpid()))
    process.start()
    port = server.server_port
    server.server_close()
    try:
        yield f"http://127.0.0.1:{port}/in"
    finally:
        process.kill()
        process.join()


def _serve(server: HTTPServer, parent: int) -> None:
    die_with_parent(parent)
    server.serve_forever()


def by_hand(database: Path, rows: int, url: str) -> None:
    """Tell each account, one after the other."""
    secret = new_secret()
    with closing(sqlite3.connect(database)) as crm, httpx.Client() as client:
        crm.row_factory = sqlite3.Row
        crm.execute("CREATE TABLE IF NOT EXISTS by_hand (id INTEGER PRIMARY KEY, status INTEGER)")
        for number in range(1, rows + 1):
            row = crm.execute("SELECT * FROM account WHERE id = ?", [number]).fetchone()
            body, now = orjson.dumps(dict(row)), int(time.time())
            sealed = signature(secret, f"evt_{number}", now, body)
            headers = {"webhook-id": f"evt_{number}", "webhook-timestamp": str(now)}
            answer = client.post(
                url, content=body, headers={**headers, "webhook-signature": sealed}
            )
            crm.execute(
                "INSERT OR REPLACE INTO by_hand VALUES (?, ?)", [number, answer.status_code]
            )
            crm.commit()


def by_webhook(rows: int) -> None:
    """Send all messages, slice by slice, and say how it goes."""
    sent = 0
    while sent < rows:
        began = time.monotonic()
        arrived = webhook_sending.deliver_due()
        if not arrived:
            raise SystemExit(f"{sent} of {rows} messages arrived, and no more")
        sent += arrived
        waiting = select(func.count()).where(Delivery.state == "waiting")
        rate = arrived / (time.monotonic() - began)
        says = f"{session.scalar(waiting)} wait, {rate:,.0f} a second, {resident():,.0f} MB"
        print(f"{sent:,} sent: {says}", flush=True)
        session.rollback()


def measured(rows: int) -> tuple[Timing, Timing]:
    """Edit all accounts, and have it told both ways."""
    raw, ours = Timing("by hand"), Timing("webhook")
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        filled(Path(folder) / "home", rows) as there,
        there.app.app_context(),
        receiver() as url,
    ):
        config.use(replace(config.settings(), webhook_hosts=("127.0.0.1",)))
        email = "olga@bench.example"
        admin = users.add(name="Olga", email=email, role=Role.ADMIN, by=None)
        wanted = Wanted("Bench", url, ["account.updated"])
        webhooks.add(wanted, by=session.get_one(User, admin))
        by_pipeline(admin, rows)
        session.rollback()
        raw.run(lambda: by_hand(there.database, rows, url))
        ours.run(lambda: by_webhook(rows))
    return raw, ours


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    raw, ours = measured(options.rows)
    print(raw.line(options.rows), ours.line(options.rows), ratio(ours, raw), sep="\n")


if __name__ == "__main__":
    main()
