"""An administrator changes the keys, backs up, and goes on from the backup in another place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from crmapp.connectors.sandbox.intacct import company
from tests.browser.conftest import Visitors, sign_in
from tests.browser.look import CALM, barriers
from tests.browser.test_a_rep_is_invited import STARTS, counted, turns_second_step_on
from tests.browser.test_connections import WORKS, fill
from tests.browser.test_files import fetched, sends
from tests.browser.test_passkeys import PHONE
from tests.browser.test_second_step import code_of, enters, gives_password
from tests.browser.walk import Walk
from tests.browser.words import REMOTE, english_words, overflow
from tests.support.attached import PDF
from tests.support.connections import GATEWAY
from tests.support.elsewhere import PASSPHRASE
from tests.support.processes import Installation, crmapp, eventually

TOLD = {
    "CRMAPP_DEMO": "1",
    "CRMAPP_SANDBOXES": "0",
    "CRMAPP_BACKUP_PASSPHRASE": PASSPHRASE,
}
MOVED = "Movers & Shakers"
LATE = "Came too late"
"""An account that is added after the backup."""
OFFER = "Offer for the move.pdf"
INTACCT = "/admin/connections/intacct"
SEAL = re.compile(r"the last is (\d+:[0-9a-f]+)")


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Installation]:
    """The installation that is left."""
    with Installation(tmp_path / "old", TOLD) as installation:
        yield installation


@contextmanager
def visiting(browser: Browser, house: Installation) -> Iterator[Callable[..., Page]]:
    """Have a function that opens pages of a house; nothing goes wrong on any of them."""
    visitors = Visitors(browser, house)
    yield visitors.open
    visitors.close()
    assert visitors.problems == []


def look(page: Page) -> list[str]:
    return barriers(page) + overflow(page)


def look_in_french(page: Page) -> list[str]:
    return look(page) + english_words(page, {MOVED, OFFER, *REMOTE})


def operates(house: Installation, *words: str) -> str:
    """Run a command there, as the operator; return what it says."""
    done = crmapp(house.home, *words, env=TOLD)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_an_admin_rotates_keys_backs_up_and_goes_on_elsewhere(browser, old, intacct, tmp_path):
    archive = tmp_path / "monday.crmapp"
    with visiting(browser, old) as opened:
        walk = Walk(sign_in(opened(**CALM)), look=look)
        connects(walk, intacct)
        place = adds_account_with_offer(walk)
        count = counts(walk)
        key = turns_second_step_on(walk)
        changes_the_keys(old)
        tries_the_connection(walk)
        seal = notes_the_seal(old)
        backs_up(old, archive)
        walk.creates_account(LATE)
        left = walk.page.context.storage_state()
    assert old.stop() == 0

    new = Installation(tmp_path / "new", TOLD)
    restores(new, archive)
    phone = {"locale": "fr-FR", "viewport": PHONE, **CALM}
    with new, visiting(browser, new) as opened:
        is_signed_out(Walk(opened(storage_state=left, **phone), "fr", look=look_in_french))
        walk = Walk(opened(**phone), "fr", look=look_in_french)
        signs_in_with_her_code(walk, key)
        assert counts(walk) == count
        finds_account_with_offer(walk, place)
        tries_the_connection(walk)
        finds_the_move_in_the_trail(walk)
        is_well(new, seal)
        assert new.stop() == 0


# --- the old house --------------------------------------------------------------------------------


def connects(walk: Walk, address: str) -> None:
    walk.goes_to(f"{INTACCT}?kind=intacct_xml")
    told = {
        "Sender ID": company.SENDER,
        "Sender password": company.SENDER_PASSWORD,
        "Company ID": company.COMPANY,
        "User ID": "crmapp_sync",
        "Password of the user": company.PASSWORD,
        "Address of the gateway": address + GATEWAY,
    }
    fill(walk.page, told)
    walk.field("Use the sandbox").check()
    walk.page.get_by_role("button", name="Save and test").click()
    expect(walk.page.locator("#settings-connection-state .tag")).to_have_text(WORKS)
    walk.looks_around()


def adds_account_with_offer(walk: Walk) -> str:
    """Return the path of the account."""
    walk.creates_account(MOVED)
    place = re.sub(r"^https?://[^/]+", "", walk.page.url)
    walk.goes_to(f"{place}/files")
    sends(walk, OFFER, PDF)
    expect(walk.link(OFFER)).to_be_visible()
    return place


def counts(walk: Walk) -> tuple[int, int]:
    """Return how many accounts and contacts she sees."""
    found = []
    for place in ("/accounts", "/contacts"):
        walk.goes_to(place)
        found.append(counted(walk.page))
    return found[0], found[1]


def changes_the_keys(house: Installation) -> None:
    """The operator changes them while everybody works, and lets the older ones go."""
    kept = house.home / "encryption_keys"
    before = kept.read_text().split()
    assert "intacct: encrypted with the newest key" in operates(house, "keys", "rotate")
    operates(house, "keys", "drop")
    after = kept.read_text().split()
    assert len(after) == 1
    assert set(after).isdisjoint(before)


def tries_the_connection(walk: Walk) -> None:
    """The password of the connection is read, and Sage Intacct takes it."""
    walk.goes_to(INTACCT)
    walk.page.get_by_role("button", name=walk.say("Test connection")).click()
    walk.is_told("The connection works.")
    walk.looks_around()


def notes_the_seal(house: Installation) -> str:
    """Return the newest seal of the audit trail; the first is made a minute after the first row."""
    eventually(lambda: '"event": "sealed"' in house.output, "sealed", seconds=120)
    found = SEAL.search(operates(house, "doctor"))
    assert found
    return found[1]


def backs_up(house: Installation, archive: Path) -> None:
    operates(house, "backup", str(archive))
    assert "whole, signed by the passphrase" in operates(house, "backup", "--verify", str(archive))


# --- the new house --------------------------------------------------------------------------------


def restores(house: Installation, archive: Path) -> None:
    told = operates(house, "restore", str(archive))
    assert "are signed out everywhere" in told
    assert "Look at this" not in told


def is_signed_out(walk: Walk) -> None:
    """The cookie of the old house opens nothing: who comes by it signs in first."""
    assert any(cookie["value"] for cookie in walk.page.context.cookies())
    walk.page.goto("/accounts")
    walk.page.wait_for_url("**/login?**")
    walk.looks_around()


def signs_in_with_her_code(walk: Walk, key: str) -> None:
    gives_password(walk.page, "alice")
    walk.page.wait_for_url("**/tf-validate")
    walk.looks_around()
    enters(walk.page, code_of(key, 0))
    walk.page.wait_for_url(STARTS)


def finds_account_with_offer(walk: Walk, place: str) -> None:
    """What was there at the backup is there, and what came after it is not."""
    walk.goes_to(f"{place}/files")
    walk.comes_to(MOVED)
    assert fetched(walk, OFFER) == PDF
    walk.goes_to(f"/accounts?q={LATE}")
    expect(walk.page.get_by_text(walk.say("No account matches"))).to_be_visible()


def finds_the_move_in_the_trail(walk: Walk) -> None:
    walk.goes_to("/admin/audit?kind=restored")
    expect(walk.page.locator("#settings-audit tbody tr")).to_have_count(1)


def is_well(house: Installation, seal: str) -> None:
    """The doctor finds the seal of the old house in the trail, and every secret readable."""
    told = operates(house, "doctor", "--seal", seal)
    assert re.search(r"^ok +audit +[1-9]\d* seals over \d+ rows fit", told, re.MULTILINE), told
    assert "the keys open all of them" in told
