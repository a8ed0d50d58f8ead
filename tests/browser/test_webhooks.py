"""An administrator has another program told what changes, and sees what becomes of each message."""

from __future__ import annotations

import re
from zlib import crc32

import pytest
from playwright.sync_api import Locator, expect

from crmapp.db import utcnow
from tests.browser.integrations.ways import WAYS, ways
from tests.browser.look import CALM
from tests.browser.walk import WORKED, Walk
from tests.connectors.wire import Peer, http, listening
from tests.support.processes import eventually
from tests.support.webhooks import headers, is_signed_by, told

OK, BROKEN, GONE = http(), http("500 Oops", b"out of order"), http("410 Gone")
PRIVATE = "https://10.0.0.8/in"
OFF = "Switched off: the receiver is gone"


class Keeper(Walk):
    """Keeps a webhook that is told when the phone of an account changes."""

    hub = account = ""

    def adds(self, name: str, url: str) -> str:
        """She mistypes the address first; what she has entered is kept. Return the secret."""
        self.goes_to("/admin/webhooks")
        self.page.get_by_role("link", name=self.say("New webhook")).click()
        self.comes_to(self.say("New webhook"))
        self.field("Name").fill(name)
        self.field("Address").fill(PRIVATE)
        for value in ("account.updated", "account.phone"):
            self.page.locator(f"input[value='{value}']").check()
        self.saves()
        address = self.field("Address")
        expect(address).to_have_attribute("aria-invalid", "true")
        expect(address).to_have_accessible_description(re.compile("10.0.0.8.*CRMAPP_WEBHOOK_HOSTS"))
        self.looks_around()
        expect(self.field("Name")).to_have_value(name)
        expect(self.page.locator("input[value='account.phone']")).to_be_checked()
        address.fill(url)
        self.saves()
        self.comes_to(name)
        secret = self.field("Secret").input_value()
        self.goes_to("/admin/webhooks")
        self.hub = self.page.get_by_role("link", name=name).get_attribute("href") or ""
        return secret

    def changes(self, label: str, value: str) -> None:
        self.goes_to(f"{self.account}/edit")
        field = self.field(label)
        if not field.is_visible():
            self.page.get_by_text(self.say("More"), exact=True).click()
        field.fill(value)
        self.saves()
        self.page.wait_for_url(self.account)

    def message(self, state: str, answer: str) -> Locator:
        """Look at the webhook until its newest message is in this state; return its row."""
        self.page.goto(self.hub)
        row = self.page.locator("#settings-webhook-messages tbody tr").first
        wanted = row.filter(has_text=self.say(state)).filter(has_text=answer)

        def there() -> bool:
            self.page.reload()
            return wanted.count() == 1

        eventually(there, f"{state}, {answer}", WORKED / 1000)
        self.looks_around()
        return wanted

    def sends_again(self, row: Locator) -> None:
        record = row.get_by_role("link").last.get_attribute("href")
        assert record
        assert self.account.endswith(record)
        row.get_by_role("rowheader").get_by_role("link").click()
        message = self.page.locator("#settings-webhook-message")
        expect(message).to_contain_text("out of order")
        self.looks_around()
        message.get_by_role("button", name=self.say("Send again")).click()
        self.is_told("The message is sent again. Look again in a moment what became of it.")

    def replays_today(self) -> None:
        form = self.page.locator("#settings-webhook-replay")
        form.get_by_role("button").click()
        expect(self.field("From")).to_have_attribute("aria-invalid", "true")
        self.looks_around()
        for label in ("From", "Until"):
            self.field(label).fill(utcnow().date().isoformat())
        form.get_by_role("button").click()
        said = {"en": "1 message is sent again.", "fr": "1 message est envoyé de nouveau."}
        self.is_told(said[self.language])

    def deletes(self) -> None:
        self.link("Delete").click()
        self.page.get_by_role("button", name=self.say("Delete webhook")).click()
        self.is_told("The webhook is deleted.")


@pytest.fixture
def keeper(open_as, way) -> Keeper:
    options = CALM | ({"locale": "fr-FR"} if way.language == "fr" else {})
    return Keeper(open_as("alice", **options | way.options), way.language, way.scripts, way.look)


def events(peer: Peer, count: int) -> list[dict[str, object]]:
    return eventually(lambda: told(peer)[count - 1 :] and told(peer), f"{count} messages", 60)


@ways(*WAYS)
def test_another_program_is_told_what_changes(way, keeper, request):
    name = f"Hub {request.node.callspec.id}"
    phones = [f"+33 {crc32(name.encode()):010} {number}" for number in range(3)]
    with listening(OK, BROKEN, OK, GONE, OK) as peer:
        secret = keeper.adds(name, f"{peer.url}/in")
        keeper.creates_account(f"Told {way.language} {request.node.callspec.id}")
        keeper.account = keeper.page.url

        keeper.changes("Website", "https://told.example")
        keeper.changes("Phone", phones[0])
        keeper.message("Delivered", "200")
        (first,) = events(peer, 1)
        assert set(first["data"]["changed"]) == {"phone"}
        assert is_signed_by(secret, peer)

        keeper.changes("Phone", phones[1])
        keeper.sends_again(keeper.message("Waiting", "500"))
        keeper.message("Delivered", "200")
        assert len(events(peer, 3)) == 3
        assert headers(peer, 1)["webhook-id"] == headers(peer, 2)["webhook-id"]

        keeper.changes("Phone", phones[2])
        keeper.message("Given up", "410")
        expect(keeper.page.locator(".callout.bad")).to_contain_text(keeper.say(OFF))
        keeper.page.get_by_role("button", name=keeper.say("Switch on")).click()
        keeper.is_told("It is told what changes from now on.")
        keeper.replays_today()
        keeper.message("Delivered", "200")
        assert events(peer, 5)[4]["data"]["changed"]["phone"]["new"] == phones[2]
        assert is_signed_by(secret, peer)
    keeper.deletes()
