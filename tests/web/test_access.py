import pytest

from crmapp.domain.permissions import Right
from crmapp.web.access import requires
from tests.support.web import htmx


def test_a_visitor_is_sent_to_sign_in_and_back(client):
    response = client.get("/?q=a b")

    assert response.status_code == 302
    assert response.location == "/login?next=%2F%3Fq%3Da%2520b"


def test_a_part_of_a_page_is_not_replaced_by_the_sign_in_page(client):
    response = client.get("/?q=x", headers=htmx())

    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login?next=%2F%3Fq%3Dx"


def test_a_refusal_names_the_right_and_who_holds_it(as_user, make, stand_in_home):
    stand_in_home(requires(Right.RUN_UNDO)(lambda: "done"))

    response = as_user(make.carol).get("/")

    assert response.status_code == 403
    assert "run.undo" in response.text
    assert "Sales manager" in response.text


def test_a_person_with_the_right_passes(as_user, make, stand_in_home):
    stand_in_home(requires(Right.RUN_UNDO)(lambda: "done"))

    assert as_user(make.alice).get("/").text == "done"


def test_a_person_who_was_made_inactive_is_out_at_once(as_user, make):
    gone = make.user("gone", "rep", active=False)

    assert as_user(gone).get("/").status_code == 302


@pytest.mark.parametrize("path", ["/login", "/reset", "/wan-signin", "/health", "/ready"])
def test_these_doors_are_open(client, path):
    assert client.get(path).status_code == 200


def test_every_other_door_is_closed(app, client):
    closed = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] in (
            "api",  # its door asks for tokens
            "assets",
            "calendar",
            "health",
            "preferences",
            "provider",  # leads to it, if there is one
        ) or rule.endpoint in (
            "security.login",
            "security.logout",
            "security.forgot_password",
            "security.reset_password",
            "security.wan_signin",
            "security.wan_signin_response",
        ):
            continue
        values = {
            name: next(iter(getattr(rule._converters[name], "items", ())), "1")
            for name in rule.arguments
        }
        with app.test_request_context():
            path = rule.build(values, append_unknown=False)
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        closed.append(client.open(path[1] if path else rule.rule, method=method))

    assert {response.status_code for response in closed} == {302}
    assert all(response.location.startswith("/login") for response in closed)
