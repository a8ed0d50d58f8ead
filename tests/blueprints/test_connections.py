"""The pages of connections: four people, with and without htmx, and never a secret on them."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert

from crmapp.db import session, unit_of_work, utcnow
from crmapp.models import RequestLog
from crmapp.services import connections, vault
from tests.support.connections import XML_SECRETS, connect, salesforce, sign_in_there, xml
from tests.support.pages import flat
from tests.support.web import htmx

NOWHERE = "http://127.0.0.1:1"
HEADERS = {"plain": {}, "htmx": htmx("settings-connection-form")}
VIEWS = [
    ("GET", "/admin/connections"),
    ("GET", "/admin/connections/intacct"),
    ("GET", "/admin/connections/salesforce"),
    ("POST", "/admin/connections/intacct"),
    ("POST", "/admin/connections/intacct/check"),
    ("GET", "/admin/connections/intacct/removal"),
    ("POST", "/admin/connections/intacct/removal"),
    ("GET", "/admin/connections/intacct/sign-in"),
    ("GET", "/admin/connections/intacct/callback"),
    ("GET", "/admin/connections/intacct/requests"),
    ("GET", "/admin/connections/intacct/requests?errors=1&cause=BUSY&before=900"),
    ("GET", "/admin/connections/intacct/requests/{request}"),
]
view = pytest.mark.parametrize("method, address", VIEWS, ids=lambda part: part)


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def entry(make):
    """The number of a request that failed, in the log of a connection."""
    connect("intacct", xml(NOWHERE), by=make.alice)
    row = {"connection_id": connections.of("intacct").id, "at": utcnow(), "method": "POST"}
    row |= {"path": "/ia/xml/xmlgw.phtml", "status": 503, "seconds": 0.25, "sent": 10}
    row |= {"received": 20, "error": "BUSY", "detail": "<b>come back later</b>"}
    with unit_of_work():
        return session.execute(insert(RequestLog).returning(RequestLog.id), [row]).scalar_one()


def sent(wanted, version=1, **more):
    """Return what the form sends."""
    typed = {**wanted.values, **wanted.secrets, "kind": wanted.kind.value, "version": str(version)}
    typed |= {"budget": wanted.budget} | ({"flow": wanted.flow} if wanted.flow else {})
    typed |= {"sandbox": "y"} if wanted.sandbox else {}
    return {**typed, **more}


def ask(client, method, address, entry, headers):
    data = sent(xml(NOWHERE)) if method == "POST" else None
    return client.open(address.format(request=entry), method=method, data=data, headers=headers)


@view
@pytest.mark.parametrize("who", ["alice", "ivan", "mona", "bob", "carol"])
def test_only_those_with_the_right_get_in(make, as_user, entry, method, address, headers, who):
    answer = ask(as_user(getattr(make, who)), method, address, entry, headers)

    if who in ("alice", "ivan"):
        assert answer.status_code in (200, 303)
    else:
        assert answer.status_code == 403
        assert "integration.manage" in answer.text
        assert connections.of("intacct").version == 1


@view
def test_nobody_gets_in_without_signing_in(client, entry, method, address, headers):
    answer = ask(client, method, address, entry, headers)

    assert answer.status_code == (401 if headers else 302)
    where = (answer.headers.get("Location"), answer.headers.get("HX-Redirect"), answer.text)
    assert "/login" in "".join(each for each in where if each)


@pytest.mark.parametrize("method, address", [v for v in VIEWS if v[0] == "POST"])
def test_a_forged_form_changes_nothing(app, make, as_user, entry, method, address):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = ask(as_user(make.alice), method, address, entry, {"X-CSRFToken": "forged"})

    assert answer.status_code == 400
    assert connections.of("intacct").version == 1


@view
def test_no_page_shows_a_secret(make, as_user, entry, method, address, headers):
    text = ask(as_user(make.alice), method, address, entry, headers).text

    assert [each for each in XML_SECRETS.values() if each in text] == []


@pytest.mark.parametrize(
    "method, action",
    [
        ("POST", "check"),
        ("GET", "sign-in"),
        ("GET", "callback"),
        ("POST", "removal"),
    ],
)
def test_nothing_is_done_with_a_system_that_there_is_not(alice, method, action):
    answer = alice.open(f"/admin/connections/tryton/{action}", method=method)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "address", ["tryton", "tryton/requests", "tryton/removal", "intacct/requests/999"]
)
def test_what_is_not_there_is_not_found(alice, entry, address):
    assert alice.get(f"/admin/connections/{address}").status_code == 404


def test_the_list_says_how_it_stands_with_each(alice, entry):
    page = flat(alice.get("/admin/connections"))

    assert "Salesforce Not connected" in page
    assert "Sage Intacct Not tested yet" in page


def test_a_connection_is_saved_and_tested_in_one_step(alice, intacct, headers):
    data = sent(xml(intacct), 0, then="test")

    answer = alice.post("/admin/connections/intacct", data=data, headers=headers)
    page = flat(alice.get("/admin/connections/intacct"))

    assert answer.status_code == (200 if headers else 303)
    assert "Works" in page
    assert "crmapp-demo" in page
    assert "crmapp_sync" in page
    assert connections.connected() == {"intacct"}


def test_what_is_wrong_stands_on_the_page_in_their_words_too(alice, intacct):
    secrets = {**XML_SECRETS, "password": "wrong"}
    alice.post("/admin/connections/intacct", data=sent(xml(intacct, secrets=secrets), 0))

    part = alice.post("/admin/connections/intacct/check", headers=htmx("settings-connection-state"))

    assert part.status_code == 200
    assert 'id="settings-connection-state"' in part.text
    assert "<html" not in part.text
    assert "The credentials are wrong" in part.text
    assert "Sign-in information is incorrect" in part.text
    assert "does not work yet" not in part.text  # said once is enough


def test_what_was_typed_stays_beside_what_is_wrong_with_it_but_no_secret(alice, headers):
    data = sent(xml(NOWHERE, sandbox=False), 0, company="typed with care", budget="lots")

    answer = alice.post("/admin/connections/intacct", data=data, headers=headers)

    assert answer.status_code == 422
    assert "typed with care" in answer.text
    assert "Enter a whole number greater than zero." in answer.text
    assert [each for each in XML_SECRETS.values() if each in answer.text] == []
    assert connections.of("intacct") is None


@pytest.mark.parametrize(
    "system, field, address, wanted",
    [
        ("salesforce", "instance_url", "https://xn--a.my.salesforce.com", salesforce),
        ("salesforce", "instance_url", "http://[::1", salesforce),
        ("intacct", "url", "https://xn--a.intacct.com", xml),
    ],
)
def test_what_cannot_be_an_address_is_said_beside_its_field(
    alice, headers, system, field, address, wanted
):
    data = sent(wanted(NOWHERE, sandbox=False), 0) | {field: address}

    answer = alice.post(f"/admin/connections/{system}", data=data, headers=headers)

    assert answer.status_code == 422
    assert f"{address} is not an address." in answer.text
    assert re.search(rf'<input(?=[^>]*name="{field}")[^>]*aria-invalid', answer.text)
    assert connections.of(system) is None


def test_the_fields_of_the_chosen_flow_are_shown(alice, headers):
    fields = {}
    for flow in ("client_credentials", "jwt", "web"):
        data = {"flow": flow, "show": "1", "version": "0", "client_id": "typed", "private_key": "x"}
        answer = alice.post("/admin/connections/salesforce", data=data, headers=headers)
        assert answer.status_code == 200
        assert 'value="typed"' in answer.text
        fields[flow] = set(re.findall(r'name="(\w+)"', answer.text))

    assert {"client_secret"} <= fields["client_credentials"]
    assert {"private_key", "username"} <= fields["jwt"]
    assert {"client_secret"} <= fields["web"]
    assert "client_secret" not in fields["jwt"]
    assert not {"private_key", "username"} & (fields["client_credentials"] | fields["web"])
    assert connections.of("salesforce") is None


def test_a_private_key_is_not_shown_again(alice):
    data = {"flow": "jwt", "version": "0", "private_key": "-----BEGIN SECRET"}

    answer = alice.post("/admin/connections/salesforce", data=data)

    assert answer.status_code == 422
    assert "BEGIN SECRET" not in answer.text


def test_the_set_up_text_speaks_of_external_client_apps_and_the_callback(alice):
    page = flat(alice.get("/admin/connections/salesforce?flow=web"))

    assert "External Client App Manager" in page
    assert "/admin/connections/salesforce/callback" in page


def test_secrets_that_are_set_are_said_to_be_and_stay(alice, make, intacct):
    connect("intacct", xml(intacct), by=make.alice)
    page = alice.get("/admin/connections/intacct").text
    data = sent(xml(intacct, secrets={}), 1, budget="700")

    answer = alice.post("/admin/connections/intacct", data=data)

    assert page.count("It is set. Leave it empty to keep it.") == 2
    assert answer.status_code == 303
    assert connections.of("intacct").budget == 700
    assert connections.check("intacct", by=make.alice) is None


def test_secrets_that_are_lost_are_asked_for_again(alice, entry):
    vault.put([vault.new_key()])

    listed, page = alice.get("/admin/connections"), alice.get("/admin/connections/intacct")
    checked = alice.post("/admin/connections/intacct/check")

    assert "Secrets are lost" in listed.text
    assert "The secrets must be entered again" in page.text
    assert "It is set." not in page.text
    assert checked.status_code == 303


def test_who_comes_second_chooses(alice, make, headers):
    connect("intacct", xml(NOWHERE), by=make.alice)
    connect("intacct", xml(NOWHERE, secrets={}, budget="10"), by=make.ivan)

    clash = alice.post(
        "/admin/connections/intacct", data=sent(xml(NOWHERE, budget="20"), 1), headers=headers
    )
    data = sent(xml(NOWHERE, secrets={}, budget="20"), 2, **{"take.budget": "theirs"})
    taken = alice.post("/admin/connections/intacct", data=data, headers=headers)

    assert clash.status_code == 409
    assert "Take theirs" in clash.text
    assert 'name="version" type="hidden" value="2"' in clash.text
    assert taken.status_code == (200 if headers else 303)
    assert connections.of("intacct").budget == 10


def test_she_may_take_over_how_the_other_one_lets_crmapp_sign_in(alice, make):
    there = "https://acme.my.salesforce.com"
    connect("salesforce", salesforce(there, sandbox=False), by=make.alice)
    connect("salesforce", salesforce(there, "web", secrets={}, sandbox=False), by=make.ivan)
    mine = sent(salesforce(there, secrets={}, sandbox=False), 1)

    clash = alice.post("/admin/connections/salesforce", data=mine)
    data = {**mine, "version": "2", "take.flow": "theirs"}
    taken = alice.post("/admin/connections/salesforce", data=data)

    assert (clash.status_code, taken.status_code) == (409, 303)
    assert "A person signs in (web server with PKCE)" in clash.text
    assert connections.of("salesforce").settings["flow"] == "web"


def test_a_connection_is_removed_after_a_question(alice, entry):
    asked = alice.get("/admin/connections/intacct/removal", headers=htmx("drawer-body"))
    stale = alice.post("/admin/connections/intacct/removal", data={"version": "7"})
    gone = alice.post("/admin/connections/intacct/removal", data={"version": "1"})

    assert 'name="version" value="1"' in asked.text
    assert stale.status_code == 409
    assert "Somebody changed it just now" in stale.text
    assert gone.status_code == 303
    assert connections.of("intacct") is None
    assert alice.post("/admin/connections/intacct/removal").status_code == 409


def test_the_log_groups_errors_and_shows_their_words_as_text(alice, entry):
    page = alice.get("/admin/connections/intacct/requests?errors=1").text
    detail = alice.get(
        f"/admin/connections/intacct/requests/{entry}", headers=htmx("drawer-body")
    ).text
    other = alice.get("/admin/connections/intacct/requests?cause=OTHER").text

    assert "?cause=BUSY" in page
    assert "&lt;b&gt;come back later" in page
    assert "&lt;b&gt;come back later" in detail
    assert "No errors" in other


def test_what_is_not_connected_is_said_when_it_is_tested(alice):
    answer = alice.post("/admin/connections/salesforce/check")

    assert answer.status_code == 409
    assert "There is no connection to this system." in answer.text


@pytest.mark.parametrize("kind", ["", "salesforce", "nonsense"])
def test_a_kind_that_is_not_the_systems_is_its_first_one(alice, kind):
    page = alice.get(f"/admin/connections/intacct?kind={kind}&flow=nonsense").text

    assert 'name="client_id"' in page


def test_salesforce_is_set_up_too(alice):
    data = sent(salesforce("https://acme.my.salesforce.com", sandbox=False), 0)

    assert alice.post("/admin/connections/salesforce", data=data).status_code == 303
    assert connections.of("salesforce").settings["flow"] == "client_credentials"


def test_the_version_of_the_interface_is_not_taken_for_that_of_the_record(alice, make):
    wanted = salesforce("https://acme.my.salesforce.com", sandbox=False)
    connect("salesforce", wanted, by=make.alice)
    data = sent(wanted, 1, api_version="65.0")

    wrong = alice.post("/admin/connections/salesforce", data={**data, "api_version": "new"})
    saved = alice.post("/admin/connections/salesforce", data=data)

    assert (wrong.status_code, saved.status_code) == (422, 303)
    assert "Enter a version such as 66.0." in wrong.text
    assert connections.of("salesforce").settings["version"] == "65.0"
    assert 'value="65.0"' in alice.get("/admin/connections/salesforce").text


def test_she_signs_in_there_and_comes_back_to_a_connection_that_works(alice, make, org):
    connect("salesforce", salesforce(org, "web"), by=make.alice)
    page = alice.get("/admin/connections/salesforce").text

    gone = alice.get("/admin/connections/salesforce/sign-in")
    back = sign_in_there(gone.headers["Location"])
    answer = {"state": back.state, "code": back.code}
    returned = alice.get("/admin/connections/salesforce/callback", query_string=answer)

    assert "Sign in to finish" in page
    assert (gone.status_code, returned.status_code) == (303, 303)
    assert "You have signed in. The connection works." in alice.get(returned.location).text
    assert connections.connected() == {"salesforce"}


@pytest.mark.parametrize(
    "answer, said",
    [
        ({"error": "access_denied"}, "Sign in again and allow it."),
        ({"error": "odd", "error_description": "<b>no</b>"}, "odd &lt;b&gt;no&lt;/b&gt;"),
        ({"code": "made up"}, "The sign-in took too long"),
        ({"state": "forged", "code": "x"}, "This is not the sign-in that you began here."),
        ({}, "The sign-in was refused there: –"),
    ],
)
def test_what_went_wrong_there_is_explained(alice, make, org, answer, said):
    connect("salesforce", salesforce(org, "web"), by=make.alice)
    gone = alice.get("/admin/connections/salesforce/sign-in")
    state = parse_qs(urlsplit(gone.headers["Location"]).query)["state"][0]

    address = "/admin/connections/salesforce/callback"
    returned = alice.get(address, query_string={"state": state, **answer})
    again = alice.get(address, query_string={"state": state, "code": "x"}, follow_redirects=True)

    assert returned.status_code == 303
    assert said in again.text
    assert "This is not the sign-in that you began here." in again.text  # it counts once


def test_a_sign_in_that_cannot_begin_says_why(alice, make, org):
    connect("salesforce", salesforce(org), by=make.alice)

    page = alice.get("/admin/connections/salesforce/sign-in", follow_redirects=True)

    assert "This connection signs in by itself." in page.text


def test_the_session_cookie_shows_nothing_of_a_sign_in(alice, make, org):
    connect("salesforce", salesforce(org, "web"), by=make.alice)
    alice.get("/admin/connections/salesforce/sign-in")

    with alice.session_transaction() as kept:
        assert "verifier" not in kept["signing_in"]
        assert vault.unseal(kept["signing_in"])["verifier"]
