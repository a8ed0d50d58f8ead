"""``/metrics``, as Prometheus reads them, and who may."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from crmapp import config, create_app
from crmapp.db import session, unit_of_work
from crmapp.models import MailOutbox
from crmapp.services import audit, sweeper, vital_signs
from crmapp.web.metrics import KEY
from tests.support.upserts import ROWS, carry_out, plan


def read(answer):
    """Return metric and labels → value."""
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def metrics(client):
    return lambda: read(client.get("/metrics"))


def test_answers_are_timed_by_endpoint_method_and_status(metrics, as_user, make):
    before = metrics()
    key = ("crmapp_request_seconds_count", "settings.users", "GET", "2xx")
    refused = ("crmapp_request_seconds_count", "settings.users", "GET", "4xx")

    as_user(make.alice).get("/admin/users")
    as_user(make.bob).get("/admin/users")

    after = metrics()
    assert after[key] - before.get(key, 0) == 1
    assert after[refused] - before.get(refused, 0) == 1


def test_words_of_a_visitor_make_no_metric(metrics, client):
    client.open("/no/such/place/alice@example.com", method="BREW")

    told = repr(metrics().keys())
    assert "alice" not in told
    assert "BREW" not in told


def test_a_disk_that_is_read_only_keeps_nobody_from_an_answer(client, settings):
    settings.metrics_dir.write_text("no folder can be made here")

    assert client.get("/login").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_what_other_processes_have_counted_is_added(app, metrics, client):
    client.get("/login")
    before = metrics()[("crmapp_request_seconds_count", "security.login", "GET", "2xx")]
    child = os.fork()
    if child == 0:
        app.extensions[KEY].observe(("security.login", "GET", "2xx"), 0.1)
        os._exit(0)
    os.waitpid(child, 0)

    assert metrics()[("crmapp_request_seconds_count", "security.login", "GET", "2xx")] == before + 1


def test_runs_letters_and_rows_without_a_seal_are_counted(metrics, make):
    carry_out(make, plan(make, ROWS))
    with unit_of_work():
        audit.note("signed_in", by=None)
        session.add(MailOutbox(key="k", message_id="m", recipient="a@example.com"))

    found = metrics()

    assert found["crmapp_runs", "done_with_errors"] == 1
    assert found["crmapp_runs", "failed"] == 0
    assert found["crmapp_runs_due",] == 0
    assert found["crmapp_mail_letters", "queued"] >= 1
    assert found["crmapp_mail_oldest_queued_seconds",] >= 0
    assert found["crmapp_audit_unsealed_rows",] > 1
    assert (found["crmapp_database_up",], found["crmapp_queue_up",]) == (1, 0)


def test_the_lag_is_told_once_somebody_has_swept(metrics):
    before = metrics()
    sweeper.sweep()

    assert ("crmapp_sweeper_lag_seconds",) not in before
    assert metrics()["crmapp_sweeper_lag_seconds",] >= 0


def test_without_a_database_the_rest_is_told(metrics, monkeypatch):
    def away(_status):
        raise OperationalError("select", {}, Exception())

    monkeypatch.setattr(vital_signs, "_counts", away)

    found = metrics()
    assert found["crmapp_database_up",] == 0
    assert ("crmapp_runs_due",) not in found


@pytest.mark.parametrize(
    "address, headers, status",
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 404),
    ],
)
def test_only_this_machine_reads_them(client, address, headers, status):
    base = {"REMOTE_ADDR": address}

    assert client.get("/metrics", headers=headers, environ_base=base).status_code == status


@pytest.mark.parametrize(
    "given, status",
    [("Bearer right-token", 200), ("Bearer wrong", 404), ("Bearer é", 404), ("", 404)],
)
def test_with_a_token_whoever_has_it_reads_them_from_anywhere(client, settings, given, status):
    config.use(replace(settings, metrics_token="right-token"))
    base = {"REMOTE_ADDR": "192.0.2.1"}

    answer = client.get("/metrics", headers={"Authorization": given}, environ_base=base)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "proxies, told, seen",
    [
        (0, "192.0.2.5", "127.0.0.1"),
        (1, "192.0.2.5", "192.0.2.5"),
        (1, "192.0.2.66, 192.0.2.5", "192.0.2.5"),
        (2, "192.0.2.5, 10.0.0.1", "192.0.2.5"),
    ],
)
def test_only_our_proxies_are_believed_about_addresses(settings, tmp_path, proxies, told, seen):
    app = create_app(replace(settings, proxies=proxies, home=tmp_path))
    found = []

    def look(environ, start_response):
        found.append(environ["REMOTE_ADDR"])
        start_response("200 OK", [])
        return [b""]

    if proxies:
        app.wsgi_app.app = look
    else:
        app.wsgi_app = look
    app.test_client().get("/health", headers={"X-Forwarded-For": told})
    config.use(settings)

    assert found == [seen]
