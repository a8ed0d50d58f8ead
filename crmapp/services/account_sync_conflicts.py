"""Of the values that an account has on its sides, keep one: it is then written to the others."""

from __future__ import annotations

from crmapp.db import unit_of_work
from crmapp.domain.field_conflict import Torn
from crmapp.domain.field_copies import Party
from crmapp.errors import Conflict, OwnedElsewhere
from crmapp.i18n import N_
from crmapp.models import Account, User
from crmapp.services import account_sync, account_sync_states
from crmapp.services.account_sync_problems import keepers_here
from crmapp.services.account_sync_states import HELD

_RUNS = N_("A run of the accounts has not ended yet. Keep the value once it has.")
_OTHERWISE = N_("The values are not those any more that you have seen. Look at them once more.")


def keep(account: Account, key: str, party: Party, *, seen: str, by: User) -> int:
    """Have what ``party`` has by the row ``key`` written to the others; return the run that does.

    ``seen`` is the word of the copies between which ``by`` chose.

    Raises:
        Forbidden: ``by`` may not change the account.
        Invalid: it takes no part.
        Conflict: the copies are others by now, a run has not ended, the sync is not enabled, or a
            system is not connected.
        OwnedElsewhere: a source of customers keeps the field here, and says something else.
    """
    account_id = account.id
    account_sync.need_ready(account, by=by)
    with unit_of_work():
        account_sync_states.clock(lock=True)
        if account_sync_states.open_run() is not None:
            raise Conflict({}, message=_RUNS)
        row = account_sync_states.of([account_id], lock=True).get(account_id)
        rows = row.problem.get("rows", {}) if row is not None and row.state == HELD else {}
        found = rows.get(key, {}).get("torn")
        torn = Torn.from_json(found) if found else None
        if row is None or torn is None or torn.word != seen or not _may_win(torn, party):
            raise Conflict({}, message=_OTHERWISE)
        keeper = keepers_here(account_id).get(key)
        if keeper is not None and party is not Party.HERE:
            raise OwnedElsewhere(keeper.refusal)
        accepted = {**row.accepted, key: torn.kept(party)}
        account_sync_states.put_down([{"account_id": account_id, "accepted": accepted}])
        return account_sync.begin_one(account_id, by)


def _may_win(torn: Torn, party: Party) -> bool:
    return party in torn.copies and torn.copies[party].may_win
