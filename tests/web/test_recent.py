from crmapp.web import recent
from tests.factories import PASSWORD


def opened(app, cookie):
    with app.test_request_context(headers={"Cookie": f"{recent.NAME}={cookie}"}):
        return recent.accounts()


def test_what_was_opened_last_comes_first_and_once(make, as_user):
    first, second = make.account(name="Acme"), make.account(name="Baltic")
    client = as_user(make.mona)

    for each in (first, second, first):
        client.get(f"/accounts/{each.id}")

    assert client.get_cookie(recent.NAME).value == f"{first.id}-{second.id}"


def test_a_cookie_that_somebody_made_up_means_nothing_or_some_numbers(app):
    assert opened(app, "") == []
    assert opened(app, "1-x-²-3") == [1, 3]
    assert opened(app, "-".join(["7"] * 5_000)) == [7] * 8
    assert opened(app, f"{'9' * 60}-5") == [5]


def test_a_palette_opens_whatever_the_cookie_says(make, as_user):
    client = as_user(make.mona)
    client.set_cookie(recent.NAME, "9" * 60)

    assert client.get("/search").status_code == 200
    assert client.get("/search?q=acme").status_code == 200


def test_who_signs_in_next_finds_nothing_of_it(client, make):
    client.set_cookie(recent.NAME, "3-7")

    client.post("/login", data={"email": make.bob.email, "password": PASSWORD})

    assert client.get_cookie(recent.NAME) is None
