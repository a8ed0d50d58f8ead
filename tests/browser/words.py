"""What is wrong with a page as one reads it: English where French is due, or too wide."""

from __future__ import annotations

import re
from collections.abc import Collection

from playwright.sync_api import Page

from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.salesforce import org
from crmapp.domain.standard_rows import CONTACT_FIELDS

ENGLISH = re.compile(
    r"\b("
    r"Accounts|Add|Address|After|Any|Anybody|Apply|Back|Before|Cancel|Clear|Columns|"
    r"Completed|Country|Created|Customers|Customer|Database|Delete|Details|Edit|Ended|"
    r"Every|Everything|Failed|Field|Fields|Filters|Health|History|Inactive|Language|Last|"
    r"Left|Loaded|Mail|Making|Name|Nobody|Nothing|Number|Owner|People|Phone|Previous|"
    r"Queued|Ready|Receipt|Right|Row|Rows|Run|Runs|Running|Sales|Save|Search|Selected|"
    r"Settings|Show|Skip|Started|Status|Team|Teams|Theme|There|Unchanged|Undo|Undone|"
    r"Updated|Users|Value|Year|Yes|You|Your|been|cannot|every|has|have|nothing|row|rows|"
    r"selected|that|the|they|this|was|were|which|will|with"
    r")\b"
)
DATA = (
    # What people and the demo have entered, and the titles of runs, stay as they are.
    r"(Undo of run \d+ \()?(Sales · Customers|Ventes · Clients)\)?(: Completed( with errors)?)?|"
    r"First call|"
    r"Asked about the new catalogue|"
    r"Quotation for the classic cars|Visit with the sales figures of the year|Toys of Finland, Co.|"
    r"Send the price list|Closed on Mondays|The Sharp Gifts Warehouse|Land of Toys Inc.|"
    r"Norway Gifts By Mail, Co.|"
    r"The value of the field \w+ is too long\. It has at most \d+ characters\."
    r" Provide a shorter value\.|"
    r"unable to obtain exclusive access to this record or \d+ records: \w+|"  # Salesforce's words
    r"(GET|POST) /\S+|Retry-After|Settings > OAuth Settings > Consumer Key and Secret|"
    r"(Mona|Alice|Ivan|Rita|Ron|Vera) \w+"
)


def _said_there() -> frozenset[str]:
    """Return how Salesforce and Sage Intacct call their fields: they say it in no other language.

    The REST API of Intacct has no labels, so that paths are taken apart for it.
    """
    account = org.objects()["account"].fields.values()
    customer = OBJECTS["CUSTOMER"].fields
    names = {each.name for each in account} | {each.rest for each in customer}
    labels = {each.label for each in account} | {each.label for each in customer}
    paths = {part for each in customer for part in each.rest.split(".")}
    words = {re.sub(r"([a-z])([A-Z0-9])", r"\1 \2", path).capitalize() for path in paths}
    labels |= {label for _kind, label in CONTACT_FIELDS.values()}
    return frozenset(names | labels | {each.removesuffix(" ID") for each in labels} | words)


REMOTE = _said_there()
_SAID = """() => [
    document.title,
    document.body.innerText,
    ...[...document.querySelectorAll("[aria-label], [title], [placeholder]")]
        .flatMap(each => [each.ariaLabel, each.title, each.placeholder]),
].filter(Boolean).join("\\n")"""
_TOO_WIDE = """() => {
    const wide = document.documentElement.scrollWidth - innerWidth;
    return wide > 0 ? [`${wide} pixels too wide`] : [];
}"""


def english_words(page: Page, names: Collection[str] = ()) -> list[str]:
    """Return the English words of our own that stand on a French page, with their line.

    ``names`` are words of others, which stay as they are.
    """
    said = re.sub(DATA, "", page.evaluate(_SAID))
    if names:
        longest_first = sorted(names, key=len, reverse=True)
        said = re.sub(rf"\b({'|'.join(map(re.escape, longest_first))})(?!\w)", "", said)
    return [line.strip() for line in said.splitlines() if ENGLISH.search(line)]


def overflow(page: Page) -> list[str]:
    """Return by how much the page is wider than the screen."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found
