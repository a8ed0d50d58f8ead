"""What a run would do to a row is decided by its cells, its account and how that was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.fields import Lookups
from crmapp.domain.mapping import FieldMapping, read, say
from crmapp.domain.matching import Match, Rule
from crmapp.domain.plan import Held, Planned, SourceRow, decide, glance
from crmapp.domain.records import ACCOUNT_FIELDS

CELLS = {
    "name": st.sampled_from(["Acme", "Bolt"]),
    "number": st.sampled_from(["1", "2", ""]),
    "phone": st.sampled_from(["123", "+33 1 23", "", "no"]),
    "credit_limit": st.sampled_from(["1", "2.50", "", "no"]),
    "terms": st.sampled_from(["1", "123", ""]),
}
NAMES = tuple(CELLS)
LOOKUPS = Lookups({"terms": {"1": "cash", "123": "net30"}}, retired={"terms": frozenset({"net30"})})
rows = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=5)


@given(rows, rows, st.booleans(), st.booleans(), st.sampled_from(["number", "name"]))
def test_what_is_planned_at_a_glance_is_decided_the_same(before, now, clears, seen, match):
    mapping = FieldMapping({name: name for name in NAMES}, match, clear_empty=clears)
    held = [
        Held(id_, 3, values, seen)
        for id_, values in enumerate(read(mapping, ACCOUNT_FIELDS, before, LOOKUPS), 1)
    ]
    linked = {str(account.id): account for account in held}
    accounts = {
        each.id: {**dict(zip(NAMES, each.values, strict=True)), "version": 3}
        for each in held
        if each.seen
    }
    source = [SourceRow(n, str(n), row) for n, row in enumerate(now, 1)]
    found = read(mapping, ACCOUNT_FIELDS, now, LOOKUPS)

    planned = glance(source, found, linked, mapping, ACCOUNT_FIELDS, LOOKUPS)

    for row, values, quickly in zip(source, found, planned, strict=True):
        mapped = say(mapping, ACCOUNT_FIELDS, row.cells, values, LOOKUPS)
        means = Match(Rule.IDENTITY, (int(row.key),)) if row.key in linked else Match(Rule.NONE)
        decided = decide(row, mapped, means, accounts, ACCOUNT_FIELDS, match)
        new_terms = "terms" in decided.fields
        quick = decided.action in (Planned.UPDATE, Planned.UNCHANGED) and not new_terms
        assert quickly == (decided if quick else None)


@pytest.mark.parametrize("kind, planned", [("partner", "rejected"), ("prospect", "create")])
def test_a_required_field_that_does_not_count_rejects_no_row(kind, planned):
    mapping = FieldMapping({"name": "name", "account_type": "type"}, match="name")
    lookups = Lookups(pick_lists={"account_type": {"partner": "partner", "prospect": "prospect"}})
    rules = {"tax_id": [Condition("account_type", Operator.ANY, ("partner",))]}
    row = SourceRow(1, "C1", {"name": "Acme", "type": kind})
    (found,) = read(mapping, ACCOUNT_FIELDS, [row.cells], lookups)
    mapped = say(mapping, ACCOUNT_FIELDS, row.cells, found, lookups)

    plan = decide(
        row, mapped, Match(Rule.NONE), {}, ACCOUNT_FIELDS, "name", ["name", "tax_id"], rules=rules
    )

    assert plan.action == planned
