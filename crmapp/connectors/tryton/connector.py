"""Tryton as a system that is read: the port's verbs over one session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

import httpx

from crmapp.connectors.addresses import Reach
from crmapp.connectors.door import Door, Log, Speaker, no_log
from crmapp.connectors.port import Capabilities, Check, Cursor, Description, Listed, Page
from crmapp.connectors.tryton import parties, reading
from crmapp.connectors.tryton.customers import Filter
from crmapp.connectors.tryton.describing import Model, labels, model
from crmapp.connectors.tryton.refusals import explain
from crmapp.connectors.tryton.session import Session
from crmapp.connectors.tryton.settings import TrytonSettings

TECHNICAL = re.compile(r"(?:ir|res)\..*|.*\.configuration")
"""Models of the system itself and of its settings, which are no business of ours."""


def connect(
    settings: TrytonSettings,
    reach: Reach,
    log: Log = no_log,
    *,
    page: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> Tryton:
    """Return the reader of one connection; it is a context that closes it.

    ``page`` is how many records a page of a reading has, if not as many as is good.
    """
    made: list[Tryton] = []
    door = Door(
        reach,
        log=log,
        explain=explain,
        secrets=lambda: made[0].secrets if made else settings.secrets,
        pause=pause,
        transport=transport,
    )
    made.append(Tryton(settings, door, page=page))
    return made[0]


class Tryton(Speaker):
    """One database of a Tryton server.

    Of parties those are read that the settings say are customers, with their addresses; what
    else there is, is read as it is.
    """

    capabilities = Capabilities(delta=True, max_batch=0, concurrency=1)

    def __init__(self, settings: TrytonSettings, door: Door, *, page: int | None = None) -> None:
        super().__init__(door)
        self._settings = settings
        self._session = Session(settings, door)
        self._customers = Filter(settings, self._session)
        self._page_size = page or reading.PAGE
        self._known: dict[str, Model] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log."""
        return self._session.secrets

    def close(self) -> None:
        """Sign out, and close the connections that are kept open."""
        self._session.close()
        super().close()

    def check(self) -> Check:
        version = self._session.version()
        self._session.sign_in_anew()  # a session that still works says nothing of the settings
        self._customers.check()
        self.count(parties.PARTY)
        preferences = self._session.preferences
        return Check(
            organisation=str(preferences.get("company.rec_name") or self._settings.database),
            user=str(preferences.get("name") or self._settings.user),
            version=version,
        )

    def objects(self) -> list[Listed]:
        ending = ".search_read"
        names = [
            name.removeprefix("model.").removesuffix(ending)
            for name in self._session.methods()
            if name.startswith("model.") and name.endswith(ending)
        ]
        business = [name for name in names if not TECHNICAL.fullmatch(name)]
        access = self._session.ask(
            "model.ir.model.access.get_access", business, about="ir.model.access"
        )
        called = labels(self._session)
        found = [Listed(name, called.get(name, name)) for name in business if access[name]["read"]]
        return sorted(found, key=lambda each: (each.label.casefold(), each.name))

    def describe(self, object: str) -> Description:
        self._known[object] = model(self._session, object)
        return self._known[object].description

    def count(self, object: str) -> int:
        return sum(len(ids) for ids in self.read_ids(object))

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        """Read as the port says; records also have their ``id``."""
        known = self._described(object)
        customers, size = self._customers, self._page_size
        return reading.read(self._session, known, customers, fields, cursor, size)

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        return reading.read_ids(self._session, self._described(object), self._customers)

    def _described(self, object: str) -> Model:
        """Return what is known of a model, asked for once."""
        if object not in self._known:
            self.describe(object)
        return self._known[object]
