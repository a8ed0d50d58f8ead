"""Which parties are customers, asked in Tryton's words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.tryton.session import Session
from crmapp.connectors.tryton.settings import Customers, TrytonSettings
from crmapp.connectors.tryton.values import moment
from crmapp.i18n import N_, Text

Domain = list[Any]
"""A condition as Tryton takes it: a clause, or a list of conditions that all hold, or any of them
after the word OR."""
SALE = "sale.sale"
PAGE = 1000
WHOEVER = ["active", "in", [True, False]]
"""Tryton leaves out what is inactive, unless the very list of conditions names the field."""
NOBODY = ["active", "in", []]
"""Names the field in a list of alternatives, where :data:`WHOEVER` would let everything through."""


def either(*conditions: Domain) -> Domain:
    """Return that one of the conditions holds, of what is inactive as well."""
    return ["OR", NOBODY, *conditions]


def changed(since: datetime) -> Domain:
    """Return that a record changed since then: it has no ``write_date`` until its first change."""
    at = moment(since)
    return [["write_date", ">=", at], ["create_date", ">=", at]]


class Filter:
    """The customers among the parties, as one connection's settings choose them."""

    def __init__(self, settings: TrytonSettings, session: Session) -> None:
        self._settings = settings
        self._session = session

    @property
    def _by_sale(self) -> bool:
        return self._settings.customers is Customers.SALE

    def check(self) -> None:
        """Ask for what the choice needs.

        Raises:
            ConfigBroken: there is no such category, or no sale module.
        """
        self.domain()
        if self._by_sale:
            self._buyers([0])

    def domain(self) -> Domain:
        """Return the condition that can be asked at once; who has a sale is asked for later.

        A party that was merged into a customer is one of them, so that it is seen to be replaced.
        """
        if self._settings.customers is not Customers.CATEGORY:
            return []
        named = self._categories()
        is_in = ["categories", "in", named]
        return either(is_in, ["replaced_by", "where", [WHOEVER, is_in]])

    def changed(self, since: datetime, beside: Iterable[str]) -> Domain:
        """Return the condition that a party changed, or became a customer, since then.

        What is ``beside`` it has stamps of its own: the party's stays when an address changes.
        """
        anew = either(*changed(since))
        others = [[name, "where", [WHOEVER, anew]] for name in beside]
        bought = [["id", "in", sorted(self._new_buyers(since))]] if self._by_sale else []
        return either(*changed(since), *others, *bought)

    def chosen(self, ids: Sequence[int]) -> Collection[int]:
        """Return those of the parties who are customers, given that the condition holds."""
        if not self._by_sale:
            return ids
        merged = [["id", "in", list(ids)], WHOEVER, ["replaced_by", "!=", None]]
        params = (merged, 0, None, None, ["replaced_by"])
        rows = self._session.ask("model.party.party.search_read", *params, about="party.party")
        into = {int(row["id"]): int(row["replaced_by"]) for row in rows}
        buyers = self._buyers({*ids, *into.values()})
        return {id for id in ids if id in buyers or into.get(id) in buyers}

    def _categories(self) -> list[int]:
        """Return the category of the settings and those below it."""
        name = self._settings.category.strip()
        clause = ["rec_name" if "/" in name else "name", "=", name]
        found = self._search("party.category", [clause, WHOEVER]) if name else []
        if not found:
            raise ConfigBroken(
                Text(
                    N_("There is no category %(name)s in Tryton. Choose one that it has."),
                    {"name": name or "?"},
                ),
                field="party.category",
            )
        return self._search("party.category", [["parent", "child_of", found], WHOEVER])

    def _search(self, object: str, domain: Domain) -> list[int]:
        ids = self._session.ask(f"model.{object}.search", domain, 0, None, None, about=object)
        return [int(id) for id in ids]

    def _buyers(self, parties: Iterable[int]) -> set[int]:
        """Return those of the parties who have a sale; each answer takes some off the question."""
        open, buyers = set(parties), set[int]()
        while open:
            found = {party for _, party in self._sales([["party", "in", sorted(open)]])}
            buyers |= found
            open -= found
            if not found:
                break
        return buyers

    def _new_buyers(self, since: datetime) -> set[int]:
        """Return whose sales changed since then, and into whom parties were merged.

        A merge hands the sales over without a new stamp, and perhaps nothing that has one.
        """
        merges = [WHOEVER, ["replaced_by", "!=", None], either(*changed(since))]
        params = (merges, 0, None, None, ["replaced_by"])
        rows = self._session.ask("model.party.party.search_read", *params, about="party.party")
        found = {int(row["replaced_by"]) for row in rows}
        for page in self._pages(["OR", *changed(since)]):
            found |= page
        return found

    def _pages(self, domain: Domain) -> Iterator[set[int]]:
        last = 0
        while rows := self._sales([domain, ["id", ">", last]]):
            yield {party for _, party in rows}
            last = rows[-1][0]

    def _sales(self, domain: Domain) -> list[tuple[int, int]]:
        """Return the first sales of a page: their ids, and whose they are."""
        params = (domain, 0, PAGE, [["id", "ASC"]], ["party"])
        rows = self._session.ask(f"model.{SALE}.search_read", *params, about=SALE)
        return [(int(row["id"]), int(row["party"])) for row in rows]
