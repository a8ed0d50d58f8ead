"""A grid that was asked for before: written once, and as true as if it were written anew."""

import re

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Role
from crmapp.models import Account, Favourite, User
from crmapp.services import datasets
from tests.analytics.conftest import SHOP, SOLD
from tests.blueprints.test_grid_selection import tick
from tests.support.snapshots import REFRESHED
from tests.support.tables import Table

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
KEYS = re.compile(r'name="idempotency_key" value="([^"]+)"')
TOKENS = re.compile(r'name="csrf_token" value="([^"]+)"')


def keep(client, name, audience="everyone"):
    sent = {"name": name, "audience": audience}
    client.post(f"{CUSTOMERS}/favourites", data=sent)


def without_tokens(page):
    return re.sub(r'(value|content|nonce)="[\w.-]{16,}"|inlineScriptNonce[^}]*', "", page)


def test_a_grid_is_written_once_until_something_changes(alice, monkeypatch):
    first = alice.get(CUSTOMERS).text
    monkeypatch.setattr("crmapp.blueprints.grid.words.notes", lambda _sheet: ["Written anew."])

    again, another = alice.get(CUSTOMERS).text, alice.get(f"{CUSTOMERS}?size=25").text

    assert without_tokens(again) == without_tokens(first)
    assert "Written anew." in another


def test_each_answer_has_tokens_and_keys_of_its_own(make, as_user, monkeypatch):
    monkeypatch.setattr("crmapp.services.grids.WHOLE", 10)  # files are made in the background

    pages = [as_user(make.alice).get(CUSTOMERS).text for _ in "123"]

    tokens = [set(TOKENS.findall(page)) for page in pages]
    assert [len(found) for found in tokens] == [1, 1, 1]
    assert len(set.union(*tokens)) == 3
    assert len({key for page in pages for key in KEYS.findall(page)}) == 6
    assert not any("\ue000" in page for page in pages)


def test_the_favourites_beside_it_are_those_of_now(alice, make, as_user):
    carol = as_user(make.carol)
    keep(alice, "First")
    before = [client.get(f"{CUSTOMERS}?fav=1").text for client in (alice, carol)]

    alice.post("/analytics/favourites/1", data={"name": "Second", "audience": "everyone"})
    renamed = [client.get(f"{CUSTOMERS}?fav=1").text for client in (alice, carol)]
    alice.post("/analytics/favourites/1", data={"name": "Second", "audience": "mine"})
    hidden = [client.get(f"{CUSTOMERS}?fav=1").text for client in (alice, carol)]

    assert all("First" in page and "Second" not in page for page in before)
    assert all("Second" in page and "First" not in page for page in renamed)
    assert ["Second" in page for page in hidden] == [True, False]
    assert ["Rename or share" in page for page in renamed] == [True, False]


def test_a_favourite_that_asks_something_else_now_is_changed(alice):
    keep(alice, "First")
    before = alice.get(f"{CUSTOMERS}?fav=1").text

    with unit_of_work():
        session.get_one(Favourite, 1).args = {"period": "ytd"}

    assert "changed</span>" not in before
    assert "changed</span>" in alice.get(f"{CUSTOMERS}?fav=1").text


def test_a_maker_who_is_called_otherwise_now_is_named_so(alice, make):
    keep(alice, "First")
    alice.get(f"{CUSTOMERS}?fav=1")

    with unit_of_work():
        session.get_one(User, make.alice.id).name = "Alice Liddell"

    assert "· Alice Liddell</span>" in alice.get(f"{CUSTOMERS}?fav=1").text


def test_a_tick_is_counted_and_a_tick_that_is_taken_away_too(alice):
    first = tick(alice, CUSTOMERS, "C034", "C056")
    before = alice.get(first).text

    second = tick(alice, first, "C034")

    assert second == first
    assert "2 selected" in before
    after = alice.get(second).text
    assert "1 selected" in after
    assert "2 selected" not in after


def test_who_sees_other_accounts_than_before_sees_other_figures(make, as_user):
    make.customer(make.account("Hers", owner_id=make.bob.id), "C034")
    account = make.account("Not yet hers", owner_id=make.mallory.id)
    make.customer(account, "C056")
    later = account.id
    bob = as_user(make.bob)
    before = Table.of(bob.get(CUSTOMERS).text)

    with unit_of_work():
        session.get_one(Account, later).owner_id = make.bob.id

    assert [row[1] for row in before.rows] == ["C034"]
    assert {row[1] for row in Table.of(bob.get(CUSTOMERS).text).rows} == {"C034", "C056"}


def test_a_right_that_is_taken_away_is_gone_from_the_next_page(make, as_user):
    mona = as_user(make.mona)
    before = mona.get(CUSTOMERS).text

    with unit_of_work():
        session.get_one(User, make.mona.id).role = Role.VIEWER.value

    button = re.compile(r'<button class="menu-item tall"( disabled)? aria-describedby="grid-upsert')
    assert button.search(before)[1] is None
    assert button.search(mona.get(CUSTOMERS).text)[1] == " disabled"


def test_a_reader_who_chose_another_language_gets_it(make, as_user):
    mona = as_user(make.mona)
    mona.get(CUSTOMERS)

    with unit_of_work():
        session.get_one(User, make.mona.id).locale = "fr"

    page = mona.get(CUSTOMERS).text
    assert "Chargé le" in page
    assert "Loaded on" not in page


def test_a_new_snapshot_is_seen_at_once(alice, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(type(settings), "datasets_dir", tmp_path)
    (tmp_path / "shop.yml").write_text(SHOP, encoding="utf-8")

    def load(lines):
        (tmp_path / "sold.csv").write_text(lines, encoding="utf-8")
        datasets.refresh("shop", lambda: REFRESHED)
        return Table.of(alice.get("/analytics/shop/buyers").text).total("Total")

    assert [load(SOLD), load(SOLD.replace("10.10", "30.10"))] == ["15", "35"]
