"""The keys that the sources of a feed were read to have, taken from the parts of its plan once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import orjson
from sqlalchemy import select

from crmapp.artefacts import PlanFile
from crmapp.db import session
from crmapp.models import ExternalIdentity
from crmapp.services import planning
from crmapp.services.feed_join import Span

_LEDGER = ExternalIdentity.__table__.c
_TOGETHER = 20
"""So many pages of the ledger are compared at a time: more would take memory for each key."""
_KNOWN = "CREATE OR REPLACE TEMPORARY TABLE known (key VARCHAR, account BIGINT)"
_KEEP = """
    INSERT INTO known
    SELECT unnest(from_json(?, '["VARCHAR"]')), unnest(from_json(?, '["BIGINT"]'))
"""
"""Lists that are given as texts take a third of the time of lists that are given as they are."""

_UNREAD = """
    SELECT account FROM known ANTI JOIN (SELECT key FROM read_keys WHERE n = ?) USING (key)
"""


class ReadKeys:
    """What was read of the sources in ``spans``, as long as ``file`` is open.

    Parts are many and wide: to ask all of them about each page of the ledger takes a time that
    grows with the square of the rows. The keys lie in a table, which goes to the disk if it is
    large.
    """

    def __init__(self, file: PlanFile, spans: Sequence[Span]) -> None:
        self._file = file
        self.identities = list(dict.fromkeys(span.identity for span in spans))
        listed = ", ".join(
            f"({self.identities.index(span.identity)}, {span.first}, {span.last})" for span in spans
        )
        file.ask(
            "CREATE TEMPORARY TABLE read_keys AS SELECT n, key FROM plan"  # noqa: S608  (numbers)
            f" JOIN (VALUES {listed}) AS span(n, first_row, last_row)"
            " ON row_no BETWEEN first_row AND last_row"
        )

    def lack(self, identity: tuple[str, str], keys: Sequence[str]) -> set[str]:
        """Return which of ``keys`` were not read of the sources that have an identity."""
        rows = self._file.ask(
            "SELECT key FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS key)"
            " ANTI JOIN (SELECT key FROM read_keys WHERE n = ?) USING (key)",
            [list(keys), self.identities.index(identity)],
        )
        return {key for (key,) in rows}

    def missed(self, identity: tuple[str, str]) -> list[int]:
        """Return the accounts that by the ledger have a key of an identity which was not read."""
        found: list[int] = []
        pages = _ledger(identity)
        for first in pages:
            self._file.ask(_KNOWN)
            for page in chain([first], islice(pages, _TOGETHER - 1)):
                self._file.ask(_KEEP, page)
            rows = self._file.ask(_UNREAD, [self.identities.index(identity)])
            found += [account for (account,) in rows]
        return found


def _ledger(identity: tuple[str, str]) -> Iterator[list[str]]:
    """Yield the keys of an identity and their accounts, each as the text of a list."""
    page = (
        select(_LEDGER.external_id, _LEDGER.account_id)
        .where(_LEDGER.system == identity[0], _LEDGER.object == identity[1])
        .order_by(_LEDGER.external_id)
        .limit(planning.PART)
    )
    after = ""
    while known := session.execute(page.where(_LEDGER.external_id > after)).all():
        after = known[-1].external_id
        yield [orjson.dumps(each).decode() for each in zip(*known, strict=True)]
