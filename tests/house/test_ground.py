"""The ground that tests stand on holds."""

from __future__ import annotations

import socket
from contextvars import Context

import pytest
from flask import request_started
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import func, select

from crmapp.db import db, session, unit_of_work
from crmapp.models import Account, User
from tests.support.databases import Database


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_with_the_same_database(make, turn):
    assert session.scalar(select(func.count(Account.id))) == 0

    make.account("Kept by a commit")


def test_accounts_are_never_alone(make):
    mine = make.account("Mine", owner_id=make.bob.id)

    others = session.scalars(select(Account).where(Account.id != mine.id)).all()

    assert {account.owner_id for account in others} == {make.mallory.id, None}


def test_a_request_has_a_session_of_its_own(client):
    seen = []

    with request_started.connected_to(lambda *_, **__: seen.append(session())):
        client.get("/health")

    assert len(seen) == 1
    assert seen[0] is not session()


def test_a_test_sees_what_a_request_committed(app, make):
    bob = make.bob

    def rename() -> None:
        with app.app_context(), unit_of_work():
            session.get(User, bob.id).name = "Robert"

    Context().run(rename)
    session.rollback()

    assert bob.name == "Robert"


def test_the_network_is_closed(app):
    with pytest.raises((SocketConnectBlockedError, UserWarning), match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_the_database_is_the_one_that_was_asked_for(app, database: Database):
    assert str(db.engine.url).partition(":")[0].removesuffix("+psycopg") in database.url
