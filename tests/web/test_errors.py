import pytest
from sqlalchemy.exc import DataError, OperationalError
from structlog.testing import capture_logs
from werkzeug.exceptions import NotFound as NoSuchPage

from crmapp.errors import (
    AlreadyRunning,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    MayExist,
    NotConnected,
    NotFound,
    NotUndoable,
    OwnedElsewhere,
    SecretsLost,
    TooLate,
    Unavailable,
)
from tests.support.web import htmx


def failing(error):
    def view():
        raise error

    return view


@pytest.mark.parametrize(
    "error, status, words",
    [
        (NotFound(), 404, "There is nothing here"),
        (Forbidden("run.undo"), 403, "Undo a run."),
        (Conflict({}), 409, "Somebody else changed this record"),
        (Invalid({"show": "Choose one."}), 422, "show: Choose one."),
        (KeyReused(), 409, "sent before with other values"),
        (Unavailable(), 503, "The database is busy"),
        (OperationalError("SELECT", {}, Exception("locked")), 503, "The database is busy"),
        (DataError("SELECT", {}, Exception("NUL")), 400, "cannot be read"),
        (RuntimeError("a secret"), 500, "Something went wrong on our side"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_becomes_a_page_that_says_what_happened(
    app, client, stand_in, error, status, words
):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    stand_in(failing(error))

    response = client.get("/health")

    assert response.status_code == status
    assert words in response.text
    assert "a secret" not in response.text


@pytest.mark.parametrize(
    "error, title",
    [
        (AlreadyRunning(7), "This has been started already"),
        (KeyReused(), "This was sent before with other values"),
        (MayExist([], ""), "This may exist already"),
        (NotConnected("intacct"), "There is no connection"),
        (NotUndoable(), "This cannot be undone"),
        (OwnedElsewhere(), "Another system owns this"),
        (SecretsLost(), "The secrets cannot be read"),
        (TooLate({}), "It has gone too far for this"),
        (Conflict({}), "Something changed in the meantime"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_conflict_has_a_title_of_its_own(client, stand_in, error, title):
    stand_in(failing(error))

    response = client.get("/health")

    assert response.status_code == 409
    assert f">{title}</h1>" in response.text


def test_an_unforeseen_error_is_logged_under_the_number_on_the_page(app, client, stand_in):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    error = RuntimeError("the cause")
    stand_in(failing(error))

    with capture_logs() as logged:
        response = client.get("/health", headers={"X-Request-ID": "abc123"})

    assert "abc123" in response.text
    assert [(entry["request_id"], entry["exc_info"][1]) for entry in logged] == [("abc123", error)]


def test_a_database_that_is_away_is_told_without_asking_it(as_user, make, stand_in, monkeypatch):
    client = as_user(make.user("marie", locale="fr"))

    def away(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("crmapp.services.sign_ins.find", away)
    response = client.get("/change", headers={"Accept-Language": "fr"})

    assert response.status_code == 503
    assert '<html lang="fr"' in response.text


def test_a_made_up_request_number_is_not_repeated(client):
    response = client.get("/health", headers={"X-Request-ID": "<script>"})

    assert response.headers["X-Request-ID"].isalnum()


def test_an_error_in_a_part_leaves_the_page_and_tells_in_a_toast(client, stand_in):
    stand_in(failing(NotFound()))

    response = client.get("/health", headers=htmx("div#accounts-table"))

    assert response.status_code == 404
    assert response.headers["HX-Reswap"] == "none"
    assert '<hx-partial hx-target="#toasts"' in response.text


def test_an_error_in_the_drawer_stands_in_the_drawer(client, stand_in):
    stand_in(failing(Forbidden("account.create")))

    response = client.get("/health", headers=htmx("div#drawer-body"))

    assert "HX-Reswap" not in response.headers
    assert "account.create" in response.text


@pytest.mark.parametrize(
    "path, method, status",
    [
        ("/no-such-page", "GET", 404),
        ("/login", "DELETE", 405),
        ("/login?next=%00", "GET", 400),
        ("/login?%00=1", "GET", 400),
        ("/%00", "GET", 400),
        ("/%ff%fe?q=%ff", "GET", 404),
        ("/static/x/../../config.py", "GET", 404),
    ],
)
def test_nonsense_in_an_address_gets_a_plain_answer(client, path, method, status):
    response = client.open(path, method=method)

    assert response.status_code == status
    assert "<!doctype html>" in response.text


def test_a_wrong_method_says_which_ones_are_right(client):
    assert "POST" in client.delete("/login").headers["Allow"]


def test_a_number_too_large_for_any_database_is_not_found(app):
    converter = app.url_map.converters["int"](app.url_map)

    assert converter.to_python("2147483647") == 2**31 - 1
    for text in ("2147483648", "9" * 5000):
        with pytest.raises(NoSuchPage):
            converter.to_python(text)


def test_a_number_that_no_record_can_have_is_not_found(make, as_user):
    answer = as_user(make.alice).get("/accounts/99999999999999")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_a_body_that_is_too_large_is_refused_with_the_limit(app, client):
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024

    response = client.post("/login", data={"email": "a" * (2 * 1024 * 1024)})

    assert response.status_code == 413
    assert "at most 1 MB" in response.text


def test_a_forged_form_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True

    response = client.post("/login", data={"csrf_token": "forged"})

    assert response.status_code == 400
    assert "reload the page and try again" in response.text


def test_errors_are_told_in_the_readers_language(client):
    response = client.get("/no-such-page", headers={"Accept-Language": "fr"})

    assert '<html lang="fr"' in response.text
