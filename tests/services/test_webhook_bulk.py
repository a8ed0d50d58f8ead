"""A run over thousands of rows is told by a webhook: each row once, never all at hand."""

from __future__ import annotations

import gc
import socket
import tracemalloc
from dataclasses import replace

import pytest

from crmapp import config
from crmapp.services import webhook_events, webhook_sending
from tests.connectors.wire import http, listening
from tests.support.upserts import carry_out, plan, rows_of
from tests.support.webhooks import deliver, hook

ROWS, TRACED = 2_000, 600
"""How many are told, and at how many of the last ones the memory is looked at."""
MOST = 500 * TRACED
"""Bytes that may be held more after those than before; their requests alone take more than that."""


@pytest.fixture(autouse=True)
def here(app, settings):
    """Let receivers be on this machine, as the operator may."""
    config.use(replace(settings, webhook_hosts=("127.0.0.1",)))


def test_a_run_of_thousands_is_told_row_by_row_and_not_held(make, monkeypatch):
    monkeypatch.setattr(webhook_events, "AT_ONCE", 100)
    monkeypatch.setattr(webhook_sending, "SLICE", 600.0)  # one sender sends all
    told, size, held = set(), 0, 0

    def take(connection: socket.socket) -> None:
        nonlocal size, held
        request = peer.requests.pop()
        told.add(request.partition(b"webhook-id: ")[2].partition(b"\r\n")[0])
        if len(told) == ROWS - TRACED:
            tracemalloc.start()
        size += len(request) * tracemalloc.is_tracing()
        if len(told) == ROWS:
            gc.collect()
            held, _peak = tracemalloc.get_traced_memory()
        connection.sendall(http())

    with listening(take) as peer:
        hook(make, peer.url)
        done = carry_out(make, plan(make, rows_of(*(f"Told {n}" for n in range(ROWS)))))
        try:
            deliver()
        finally:
            tracemalloc.stop()

    assert done.done == {"created": ROWS}
    assert len(told) == ROWS
    assert size > 2 * MOST
    assert held < MOST
