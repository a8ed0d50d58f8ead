"""Salesforce as a connector: the port's verbs over one session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from crmapp.connectors.addresses import at_most
from crmapp.connectors.batches import Batch
from crmapp.connectors.door import Door, Speaker
from crmapp.connectors.errors import ConfigBroken, ConnectorError, PermissionMissing, WrongInstance
from crmapp.connectors.keys import each_once
from crmapp.connectors.port import (
    Capabilities,
    Check,
    Cursor,
    Description,
    Page,
    Record,
    RowResult,
    TokenStore,
    Usage,
)
from crmapp.connectors.salesforce import bulk, reading, some, writing
from crmapp.connectors.salesforce.describing import description, queryable, refers
from crmapp.connectors.salesforce.refusals import no_salesforce
from crmapp.connectors.salesforce.session import Session
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.connectors.salesforce.values import named
from crmapp.domain.managed_lists import MANAGED_LISTS
from crmapp.i18n import N_, Text

QUICKLY = 10.0
"""Seconds for reading one record: a person waits for it."""
MAX_BATCH = 100_000
_VERSION = re.compile(r"\d+\.\d+")


class Salesforce(Speaker):
    """One Salesforce organisation.

    ``known`` are descriptions that the caller keeps: they tell the types of values without asking
    for them once more. ``jobs`` remembers the jobs of large batches beyond this process.
    """

    capabilities = Capabilities(delta=True, max_batch=MAX_BATCH, concurrency=5)

    def __init__(
        self,
        settings: SalesforceSettings,
        door: Door,
        tokens: TokenStore,
        *,
        jobs: bulk.Jobs | None = None,
        known: Iterable[Description] = (),
        page: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(door)
        self._settings = settings
        self._session = Session(settings, door, tokens)
        self._jobs = jobs or bulk.Forgetful()
        self._job_pace = bulk.Pace()
        self._page_size = page or reading.PAGE
        self._pause = pause
        self._known = {each.object: each for each in known}
        self._objects: frozenset[str] | None = None
        self._hidden: set[str] = set()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log."""
        return self._session.secrets

    def check(self) -> Check:
        self._check_version()
        self._session.sign_in_anew()  # a session that still works says nothing of the settings
        who = self._session.get("/services/oauth2/userinfo")
        if not isinstance(who, dict) or "organization_id" not in who:
            raise no_salesforce(str(who))
        organisation, is_sandbox = self._organisation(str(who["organization_id"]))
        return Check(
            organisation=organisation,
            user=str(who.get("preferred_username") or who.get("name") or who.get("user_id")),
            version=self._settings.version,
            is_sandbox=is_sandbox,
            notes=() if self._has_lists() else ("lists_missing",),
        )

    def _check_version(self) -> None:
        """Ask for the versions, which takes no sign-in: is this Salesforce at all?"""
        answer = self._session.public("/services/data")
        try:
            offered = [str(each["version"]) for each in answer.json()]
        except (ConnectorError, TypeError, KeyError) as error:
            raise no_salesforce(answer.text) from error
        if answer.status != 200 or not any(map(_VERSION.fullmatch, offered)):
            raise no_salesforce(answer.text)
        if self._settings.version not in offered:
            raise WrongInstance(
                Text(
                    N_("This organisation does not speak version %(version)s. It speaks: %(all)s."),
                    {"version": self._settings.version, "all": ", ".join(offered[-5:])},
                )
            )

    def _organisation(self, id: str) -> tuple[str, bool]:
        """Return the organisation's name, or its id if its name is hidden from us."""
        question = "SELECT Id, Name, IsSandbox FROM Organization LIMIT 1"
        try:
            rows = self._session.get("query", ("q", question), object="Organization")["records"]
        except PermissionMissing as error:
            if error.what == "API Enabled":
                raise
            rows = []
        return (str(rows[0]["Name"]), bool(rows[0]["IsSandbox"])) if rows else (id, False)

    def _has_lists(self) -> bool:
        objects = {each["name"] for each in self._session.get("sobjects")["sobjects"]}
        return any(each.salesforce_object in objects for each in MANAGED_LISTS.values())

    def describe(self, object: str) -> Description:
        answer = self._session.get(f"sobjects/{named(object)}/describe", object=object)
        described = description(answer, self._visible() if refers(answer) else None)
        self._known[object] = described
        return described

    def _visible(self) -> frozenset[str]:
        """Return the objects that the user may read, asked for once."""
        if self._objects is None:
            self._objects = queryable(self._session.get("sobjects"))
        return self._objects

    def count(self, object: str) -> int:
        return reading.count(self._session, object)

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        """Read as the port says; records also have their ``Id`` and ``SystemModstamp``."""
        described = self._described(object)
        return reading.read(self._session, described, object, fields, cursor, self._page_size)

    def read_one(
        self, object: str, id: str, fields: Sequence[str], within: float | None = QUICKLY
    ) -> Record | None:
        with at_most(within):
            described = self._described(object)
            while True:
                seen = [each for each in fields if each.partition(".")[0] not in self._hidden]
                try:
                    found = reading.read_one(self._session, described, object, id, seen)
                except ConfigBroken as error:
                    if not self._hides(error.field, seen):
                        raise
                else:
                    return found and {**dict.fromkeys(fields), **found}

    def _hides(self, relation: str, fields: Sequence[str]) -> bool:
        """Do without the names behind a relation whose object the user may not see.

        The id of such a reference can be read, and shown; it is no reason to show nothing at all.
        """
        if any(each.startswith(f"{relation}.") for each in fields):
            self._hidden.add(relation)
            return True
        return False

    def find(
        self, object: str, fields: Sequence[str], field: str, value: str, most: int = 10
    ) -> list[Record]:
        with at_most(QUICKLY):
            described = self._described(object)
            return reading.find(self._session, described, fields, (field, value), most)

    def read_some(
        self, object: str, fields: Sequence[str], field: str, values: Iterable[str]
    ) -> Iterator[Record]:
        wanted = each_once(values)
        if wanted:
            described = self._described(object)
            size = self._page_size
            yield from some.read_some(self._session, described, fields, (field, wanted), size)

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        return reading.read_ids(self._session, object, self._page_size)

    def upsert(self, object: str, match_key: str, rows: Sequence[Record]) -> list[RowResult]:
        batch = Batch(match_key, rows, writing.key_of)
        if len(batch.open()) > bulk.FROM:
            bulk.upsert(self._session, object, batch, self._jobs, self._pause, self._job_pace)
        writing.upsert(self._session, object, batch)  # also what a job leaves
        return batch.results()

    def usage(self) -> Usage | None:
        return self._session.usage

    def _described(self, object: str) -> Description:
        """Return the description that tells the types of values, asked for once."""
        if object not in self._known:
            self.describe(object)
        return self._known[object]
