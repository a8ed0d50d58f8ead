"""What a change of the settings of the accounts' sync would do, before anybody saves it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from crmapp.domain.field_rules import SYNCS, Side, Sync
from crmapp.i18n import N_, Text
from crmapp.models import IntegrationVersion, User
from crmapp.services import account_sync, integration_versions, sync_options
from crmapp.services.account_sync import Chosen
from crmapp.services.sync_options import SyncOptions

DIRECTIONS: Mapping[Sync, str] = {
    Sync.BOTH: N_("What is changed here or in one of the systems goes to all others."),
    Sync.FROM: N_("Sage Intacct’s values go to Salesforce and to the accounts here, never back."),
    Sync.TO: N_("Values from Salesforce and from here go to Sage Intacct, never back."),
}
_BEGINS = N_("Accounts are synchronized from now on, by themselves.")
_ENDS = N_(
    "Accounts are not synchronized any more. What changes meanwhile is carried over once they are."
)
_LARGE = N_("A run that would write a large part of them waits until somebody has looked at it.")
_DIRECTION = N_("Direction: %(direction)s.")
_CREATES = N_("Accounts that %(system)s does not have are created there.")
_CREATES_NO_MORE = N_("Accounts that %(system)s does not have are not created there any more.")
_EVERY = N_("What was changed there is read every %(minutes)s minutes.")


@dataclass(frozen=True)
class Difference:
    """What would be otherwise than now; ``count`` is how many accounts take part."""

    sentences: tuple[Text, ...]
    risky: bool
    count: int


def difference(chosen: SyncOptions, *, by: User) -> Difference:
    """Say what would be otherwise if ``chosen`` was saved.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    now = sync_options.options()
    count = account_sync.count(Chosen(), by=by)
    return Difference(tuple(sentences(now, chosen)), is_risky(now, chosen), count)


def is_risky(before: SyncOptions, after: SyncOptions) -> bool:
    """Whether records may be written otherwise than before.

    Any other direction is: where one system stops being written to, its values win from then on.
    """
    if not after.enabled:
        return False
    return (
        not before.enabled
        or after.direction is not before.direction
        or bool(after.create - before.create)
    )


def sentences(before: SyncOptions, after: SyncOptions) -> list[Text]:
    """Say each difference; where the sync begins, all that is in force then."""
    begins = after.enabled and not before.enabled
    found = []
    if begins:
        found += [Text(_BEGINS), Text(_LARGE)]
    elif before.enabled and not after.enabled:
        found.append(Text(_ENDS))
    if begins or after.direction is not before.direction:
        found.append(Text(_DIRECTION, {"direction": Text(SYNCS[after.direction])}))
        found.append(Text(DIRECTIONS[after.direction]))
    for side in Side:
        if side in after.create and (begins or side not in before.create):
            found.append(Text(_CREATES, {"system": side.title}))
        if side in before.create - after.create:
            found.append(Text(_CREATES_NO_MORE, {"system": side.title}))
    if begins or after.every != before.every:
        found.append(Text(_EVERY, {"minutes": after.every}))
    return found


def word(chosen: SyncOptions) -> str:
    """Return what stands for ``chosen`` in a form that confirms it, and for nothing else."""
    return json.dumps(chosen.as_json(), sort_keys=True)


@dataclass(frozen=True)
class Step:
    """A version, and what it made otherwise than the one before."""

    version: IntegrationVersion
    sentences: tuple[Text, ...]


def history(*, by: User) -> list[Step]:
    """Return the last versions, newest first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
    """
    steps = sync_options.history(by=by)
    return [Step(each.version, tuple(sentences(each.before, each.now))) for each in steps]


def earlier(number: int, *, by: User) -> SyncOptions:
    """Return what version ``number`` held; 0 is before the first.

    Raises:
        Forbidden: ``by`` may not manage integrations.
        NotFound: there is no such version.
    """
    if not number:
        return SyncOptions()
    found = integration_versions.get(sync_options.ACCOUNTS, number, by=by)
    return SyncOptions.from_json(found.options)
