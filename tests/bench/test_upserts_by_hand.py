"""What the upsert is compared with does the work: rows, their changes, their identities."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial

import psycopg
import pytest

from bench import upserts_by_hand, upserts_postgres


@pytest.fixture
def hand(empty_database, tmp_path):
    """A connection, and a function that writes so many rows in an edition."""
    url = empty_database.get("DATABASE_URL", "")
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(upserts_postgres.TABLES)
            yield connection, partial(upserts_postgres.write, connection)
    else:
        with closing(upserts_by_hand.opened(tmp_path / "raw.db")) as connection:
            yield connection, partial(upserts_by_hand.write, connection)


def test_rows_are_created_updated_and_left_alone(hand):
    connection, write = hand

    for count, edition in ((20, 1), (40, 2), (40, 2)):
        write(count, edition)

    def ask(query):
        return [row[0] for row in connection.execute(query).fetchall()]

    assert ask("SELECT count(*) FROM account") == ask("SELECT count(*) FROM identity") == [40]
    assert ask("SELECT count(*) FROM account WHERE phone LIKE '+33 2 %'") == [40]
    found = ask("SELECT fields FROM change ORDER BY account_id, id")
    changes = [json.loads(each) if isinstance(each, str) else each for each in found]
    created, updated = ([c for c in changes if ("name" in c) is new] for new in (True, False))
    assert (len(created), len(updated)) == (40, 20)
    assert {*updated[0]} == {"phone", "billing_city", "billing_country"}
    assert updated[0]["phone"] == ["+33 1 00000000", "+33 2 00000000"]
