"""What went wrong with a run, kept so that it can be said in any language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmapp.connectors.errors import Retryable
from crmapp.domain.mapping import FieldMapping
from crmapp.errors import TableError
from crmapp.i18n import Text
from crmapp.services import failures, upserts
from tests.factories import Make
from tests.support.staged import Tape, register
from tests.support.upserts import plan_again

GONE = Text(
    "Columns that are used here, but are not in the table: %(columns)s.", {"columns": "code"}
)
NAMED = Text("%(file)s: %(why)s", {"file": "a.csv", "why": GONE})


def start(make: Make, before: Callable[[int], object]) -> int:
    source = register(Tape([[]], before=before))
    return upserts.start(source, title="Customers", by=make.mona, key=None)


@pytest.mark.parametrize(
    "problem",
    [
        Text("No."),
        Text("%(count)s of %(most)s", {"count": 3, "most": 2.5}),
        NAMED,
        Text("Order: %(names)s", {"names": ["a", GONE]}),
    ],
)
def test_a_reason_is_read_back_with_its_values_and_the_texts_among_them(
    make: Make, problem: Text
) -> None:
    run = make.run(kind="export", status="failed", **failures.kept(problem, {"phase": "x"}))

    assert failures.reason(run) == problem
    assert run.mapping["phase"] == "x"


def test_reasons_of_older_runs_are_read_as_they_were_kept(make: Make) -> None:
    kept = {"problem": "Out of %(what)s.", "values": {"what": "quota"}}
    run = make.run(kind="account_sync", status="failed", mapping=kept, error="Out of quota.")

    assert failures.reason(run) == Text("Out of %(what)s.", {"what": "quota"})


def test_a_reason_that_is_over_is_not_given(make: Make) -> None:
    run = make.run(kind="feed", status="done", mapping=failures.kept(GONE)["mapping"])

    assert failures.reason(run) is None


def test_the_values_of_pick_lists_stay_beside_the_reason(make: Make) -> None:
    def fail(_number: int) -> None:
        raise TableError(NAMED)

    values = {"terms": {"soon": "net_30"}}
    columns = {"name": "name", "number": "code", "terms": "phone"}

    run = plan_again(make, start(make, fail), FieldMapping(columns, values=values))

    assert run.status == "failed"
    assert failures.reason(run) == NAMED
    assert run.mapping["values"] == values


def test_a_run_that_waits_for_a_source_says_so_in_the_words_of_its_error(make: Make) -> None:
    def fail(_number: int) -> None:
        raise Retryable

    run = plan_again(make, start(make, fail))

    assert run.status == "planning"
    assert failures.obstacle(run) == Retryable.default
