"""What a run would do to a row is decided by its cells, its account and how that was found."""

from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.fields import Lookups
from crmapp.domain.mapping import FieldMapping, read, say
from crmapp.domain.matching import Match, Rule
from crmapp.domain.plan import Held, Planned, SourceRow, decide, unchanged
from crmapp.domain.records import ACCOUNT_FIELDS

NAMES = ("name", "number", "phone", "credit_limit")
cells = st.sampled_from(["", "1", "2.50", "123", "+33 1 23", "no"])
rows = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, cells)), min_size=1, max_size=5)


@given(rows, rows, st.booleans(), st.booleans(), st.sampled_from(["number", "name"]))
def test_a_row_that_is_found_unchanged_at_a_glance_is_decided_the_same(
    before, now, clears, seen, match
):
    mapping = FieldMapping({name: name for name in NAMES}, match, clear_empty=clears)
    held = [
        Held(id_, 3, values, seen)
        for id_, values in enumerate(read(mapping, ACCOUNT_FIELDS, before, Lookups()), 1)
    ]
    linked = {str(account.id): account for account in held}
    accounts = {
        each.id: {**dict(zip(NAMES, each.values, strict=True)), "version": 3}
        for each in held
        if each.seen
    }
    source = [SourceRow(n, str(n), row) for n, row in enumerate(now, 1)]
    found = read(mapping, ACCOUNT_FIELDS, now, Lookups())

    same = unchanged(source, found, linked, mapping, ACCOUNT_FIELDS)

    for row, values in zip(source, found, strict=True):
        mapped = say(mapping, ACCOUNT_FIELDS, row.cells, values, Lookups())
        means = Match(Rule.IDENTITY, (int(row.key),)) if row.key in linked else Match(Rule.NONE)
        planned = decide(row, mapped, means, accounts, ACCOUNT_FIELDS, match)
        quick = planned if planned.action is Planned.UNCHANGED else None
        assert same.get(row.row_no) == quick
