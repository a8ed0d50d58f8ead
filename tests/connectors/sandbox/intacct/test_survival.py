from __future__ import annotations

import threading

import httpx

from crmapp.connectors.sandbox.intacct import company, create_app
from tests.support.intacct import REST, USER, Gateway, compare, query
from tests.support.processes import eventually
from tests.support.sandboxes import SandboxProcess

CUSTOMERS = f"{REST}/objects/accounts-receivable/customer"


def signed_in(url):
    given = {
        "grant_type": "client_credentials",
        "client_id": company.CLIENT,
        "client_secret": company.CLIENT_SECRET,
        "username": f"{USER}@{company.COMPANY}",
    }
    token = httpx.post(f"{url}{REST}/oauth2/token", data=given).json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"})


def post_until_it_dies(client, answered):
    try:
        for number in range(100_000):
            name = f"K{number:05}"
            answer = client.post(CUSTOMERS, json={"id": name, "name": name})
            assert answer.status_code == 201, answer.text
            answered.append(name)
    except httpx.TransportError:
        return


def test_what_was_answered_survives_a_killed_server(tmp_path):
    answered: list[str] = []
    asked = {
        "object": "accounts-receivable/customer",
        "fields": ["id", "contacts.default.printAs"],
        "filters": [{"$startsWith": {"id": "K"}}],
        "size": 4000,
    }

    with SandboxProcess("intacct", tmp_path / "sandbox") as sandbox:
        with signed_in(sandbox.url) as client:
            writer = threading.Thread(target=post_until_it_dies, args=(client, answered))
            writer.start()
            eventually(lambda: len(answered) >= 25, "busy")
            sandbox.kill()
            writer.join()
        sandbox.start()
        with signed_in(sandbox.url) as client:
            found = client.post(f"{REST}/services/core/query", json=asked).json()["ia::result"]

    ids = [row["id"] for row in found]
    assert ids[: len(answered)] == answered
    assert len(ids) - len(answered) <= 1  # what was done, and died before it was answered
    assert all(row["contacts.default.printAs"] == row["id"] for row in found)


def test_a_file_that_was_filled_is_not_filled_again(tmp_path):
    first = create_app(tmp_path)
    Gateway(first).do("<delete><object>CUSTOMER</object><keys>1</keys></delete>")
    first.store.close()

    second = create_app(tmp_path)

    gone = query("CUSTOMER", "NAME", where=compare("equalto", "CUSTOMERID", "C001"))
    assert Gateway(second).rows(gone) == []
    assert Gateway(second).data(query("CUSTOMER", "NAME")).get("totalcount") == "91"
    second.store.close()


def test_two_sandboxes_begin_alike(tmp_path):
    tables = []
    for name in ("one", "two"):
        app = create_app(tmp_path / name)
        with app.store.reading() as connection:
            tables.append([tuple(row) for row in connection.execute("SELECT * FROM record")])
        app.store.close()

    assert tables[0] == tables[1]
    assert len(tables[0]) > 200
