"""What an undo says about the run it takes back, and about what it keeps."""

import pytest
from sqlalchemy import select, text

from crmapp.config import Settings
from crmapp.db import session, unit_of_work
from crmapp.i18n import Text
from crmapp.models import Account, ExternalIdentity, Run
from crmapp.services import accounts, engine, receipts, records, runs, undo, undo_plan
from tests.factories import Make
from tests.support.upserts import carry_out, edit, plan, queue, rows_of, take_back


def add_to_all(make: Make) -> None:
    for account in session.scalars(select(Account)).all():
        make.contact(account)


def test_a_run_of_which_all_was_kept_is_not_called_undone(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme", "Bolt")))
    add_to_all(make)

    undoing = take_back(make, done)

    assert undoing.done == {"skipped": 2}
    assert runs.get(done.id, by=make.mona).status == "done"
    assert undo.can_undo(runs.get(done.id, by=make.mona), by=make.mona)


def test_a_cancelled_undo_leaves_the_run_to_be_undone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = carry_out(make, plan(make, rows_of("Acme", "Bolt")))
    undoing = undo.undo_later(done.id, by=make.mona, key=None)
    runs.work(undoing)
    held = engine.claim(undoing)
    assert held is not None
    runs.cancel(undoing, by=make.mona)
    assert runs.PHASES["undo", "running"](held) is None

    assert session.get_one(Run, undoing).status == "cancelled"
    assert runs.get(done.id, by=make.mona).status == "done"
    assert take_back(make, done).done["updated"] == 2


def test_what_was_deleted_in_the_meantime_is_kept_by_its_name(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    alice, account_id = make.alice, session.scalars(select(Account.id)).one()
    with unit_of_work():
        records.delete(Account, account_id, by=alice)

    undoing = take_back(make, done)

    (kept,) = receipts.left_out(undoing, by=make.mona, after=0, limit=10)
    assert kept.name == "Acme"
    assert str(kept.reason) == "This account was deleted or restored in the meantime."


def test_a_created_account_that_only_runs_changed_since_goes(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    take_back(make, carry_out(make, plan(make, rows_of("Acme", phone="999 999"))))

    undoing = take_back(make, done)

    assert undoing.done == {"updated": 1}
    assert session.scalars(select(Account.deleted_at)).one() is not None


def test_the_parts_of_a_plan_go_when_it_is_offered(make: Make, settings: Settings) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))

    files = {path.name.split("-")[0] for path in settings.artefacts_dir.rglob("*.parquet")}

    assert files == {"plan"}
    assert runs.receipt_of(done).balances


def test_what_people_deleted_themselves_is_not_brought_back(make: Make) -> None:
    undoing = take_back(make, carry_out(make, plan(make, rows_of("Acme"))))
    account_id = session.scalars(select(Account.id)).one()
    accounts.restore(account_id, by=make.alice)
    accounts.delete(account_id, by=make.alice)

    again = take_back(make, undoing)

    assert again.done == {"skipped": 1}
    assert make.again(Account, account_id).deleted_at is not None


def test_what_people_deleted_and_restored_is_kept_and_says_so(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    account_id = session.scalars(select(Account.id)).one()
    accounts.delete(account_id, by=make.alice)
    accounts.restore(account_id, by=make.alice)

    undoing = take_back(make, done)

    (kept,) = receipts.left_out(undoing, by=make.mona)
    assert str(kept.reason) == "This account was deleted or restored in the meantime."


def test_undoing_back_and_forth_leaves_each_run_with_its_word(make: Make) -> None:
    first = carry_out(make, plan(make, rows_of("Acme")))
    chain = [first.id]
    for _ in range(3):
        chain.append(take_back(make, runs.get(chain[-1], by=make.mona)).id)

    found = [runs.get(run_id, by=make.mona) for run_id in chain]

    assert [run.status for run in found] == ["undone", "done", "undone", "done"]
    assert [run.undone_by_id for run in found] == [chain[1], None, chain[3], None]


def test_a_cancelled_run_is_called_cancelled_again_when_its_undo_is_undone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    run_id = queue(make, plan(make, rows_of("Acme", "Bolt")))
    held = engine.claim(run_id)
    assert held is not None
    held = runs.PHASES["upsert", "running"](held)
    assert held is not None
    runs.cancel(run_id, by=make.mona)
    runs.PHASES["upsert", "running"](held)

    take_back(make, take_back(make, runs.get(run_id, by=make.mona)))

    assert runs.get(run_id, by=make.mona).status == "cancelled"


def test_the_changes_of_a_large_run_are_read_in_the_order_of_an_index(make: Make) -> None:
    undoing = make.run(kind="undo", undoes_id=make.run().id)
    literal = {"literal_binds": True}
    asked = undo_plan.next_changes(undoing, "account", 5000).compile(
        session.get_bind(), compile_kwargs=literal
    )
    sqlite = session.get_bind().dialect.name == "sqlite"
    if not sqlite:  # whose tables are too small here to be worth an index
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))

    found = session.execute(text(f"EXPLAIN {'QUERY PLAN' if sqlite else ''} {asked}"))

    plan_ = " ".join(str(row[-1]) for row in found)
    assert "uq_change_run" in plan_
    assert "ORDER BY" not in plan_
    assert "Sort" not in plan_


def test_how_much_there_is_to_take_back_is_known_from_the_start(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme", "Bolt")))

    undoing = undo.undo_later(done.id, by=make.mona, key=None)

    assert session.get_one(Run, undoing).total == 2


def meant() -> dict[str, int]:
    """What each external id of the tests' source means by now."""
    session.rollback()
    ledger = select(ExternalIdentity).where(ExternalIdentity.system == "test")
    return {each.external_id: each.account_id for each in session.scalars(ledger)}


def test_what_a_run_linked_is_unlinked_by_its_undo_and_linked_by_the_undo_of_that(
    make: Make,
) -> None:
    acme = make.account("Acme", number="C1").id
    done = carry_out(make, plan(make, rows_of("Acme")))
    linked = meant()

    undoing = take_back(make, done)
    unlinked = meant()
    take_back(make, undoing)

    assert (linked, unlinked, meant()) == ({"C1": acme}, {}, {"C1": acme})


def test_after_an_undo_a_row_finds_its_account_by_what_it_says_and_not_by_the_old_link(
    make: Make,
) -> None:
    wrong = make.account("Acme", number="C1", phone="1 23 45")
    take_back(make, carry_out(make, plan(make, rows_of("Acme"))))
    edit(make, wrong, number="X9")
    right = make.account("Acme & Sons", number="C1", phone="1 23 45")

    carry_out(make, plan(make, rows_of("Acme")))

    assert make.again(Account, wrong.id).phone == "1 23 45"
    assert make.again(Account, right.id).phone == "555 123"
    assert meant() == {"C1": right.id}


def test_a_row_that_changes_nothing_is_linked_and_that_can_be_undone(make: Make) -> None:
    acme = make.account("Acme", number="C1", phone="555 123")
    done = carry_out(make, plan(make, rows_of("Acme")))
    assert done.done == {"unchanged": 1}
    assert meant() == {"C1": acme.id}
    assert undo.can_undo(done, by=make.mona)

    undoing = take_back(make, done)

    assert undoing.done == {"updated": 1}
    assert meant() == {}
    assert make.again(Account, acme.id).version == 1
    assert runs.get(done.id, by=make.mona).status == "undone"


def test_a_created_account_goes_with_its_link_and_comes_back_with_it(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    linked = meant()
    undoing = take_back(make, done)
    unlinked = meant()
    take_back(make, undoing)

    assert unlinked == {}
    assert meant() == linked
    assert len(linked) == 1


def test_a_created_account_that_is_kept_keeps_its_link(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    add_to_all(make)
    linked = meant()

    take_back(make, done)

    assert meant() == linked


def test_a_link_goes_back_to_the_account_that_had_it(make: Make) -> None:
    carry_out(make, plan(make, rows_of("Acme")))
    (first,) = meant().values()
    accounts.delete(first, by=make.alice)
    second = make.account("Acme", number="C1", phone="1 23").id
    done = carry_out(make, plan(make, rows_of("Acme")))
    moved = meant()

    take_back(make, done)

    assert moved == {"C1": second}
    assert meant() == {"C1": first}


def test_a_link_that_a_later_run_moved_is_kept_and_says_so(make: Make) -> None:
    first = make.account("Acme", number="C1", phone="1 23")
    early = carry_out(make, plan(make, rows_of("Acme")))
    accounts.delete(first.id, by=make.alice)
    second = make.account("Acme", number="C1", phone="555 123").id
    carry_out(make, plan(make, rows_of("Acme")))
    edit(make, make.again(Account, second), number=None)
    with unit_of_work():
        records.restore(Account, first.id, by=make.alice)

    undoing = take_back(make, early)

    (kept,) = receipts.left_out(undoing, by=make.mona)
    assert kept.reason.params["fields"] == [Text("C1")]
    assert meant() == {"C1": second}
    assert make.again(Account, first.id).phone == "1 23"


def test_a_link_that_two_runs_made_is_not_taken_by_the_undo_of_the_first(make: Make) -> None:
    acme = make.account("Acme", number="C1").id
    undoing = take_back(make, carry_out(make, plan(make, rows_of("Acme"))))
    carry_out(make, plan(make, rows_of("Acme", phone="777 77")))

    take_back(make, undoing)

    assert meant() == {"C1": acme}


def test_runs_that_are_undone_the_newest_first_leave_what_was_before_them(make: Make) -> None:
    acme = make.account("Acme", number="C1", phone="111 11")
    first = carry_out(make, plan(make, rows_of("Acme", phone="222 22")))
    second = carry_out(make, plan(make, rows_of("Acme", phone="333 33")))

    take_back(make, second)
    undoing = take_back(make, first)

    assert make.again(Account, acme.id).phone == "111 11"
    assert undoing.done == {"updated": 1}
    assert receipts.left_out(undoing, by=make.mona) == []


def test_a_run_whose_undo_was_undone_can_be_undone_again(make: Make) -> None:
    acme = make.account("Acme", number="C1", phone="111 11")
    done = carry_out(make, plan(make, rows_of("Acme", phone="222 22")))
    take_back(make, take_back(make, done))

    undoing = take_back(make, runs.get(done.id, by=make.mona))

    assert make.again(Account, acme.id).phone == "111 11"
    assert (undoing.done, meant()) == ({"updated": 1}, {})
    assert receipts.left_out(undoing, by=make.mona) == []


def test_what_people_changed_between_two_runs_is_kept_when_both_are_undone(make: Make) -> None:
    acme = make.account("Acme", number="C1", phone="111 11")
    first = carry_out(make, plan(make, rows_of("Acme", phone="222 22")))
    edit(make, acme, phone="444 44")
    second = carry_out(make, plan(make, rows_of("Acme", phone="333 33")))

    take_back(make, second)
    undoing = take_back(make, first)

    (kept,) = receipts.left_out(undoing, by=make.mona)
    assert [str(name) for name in kept.reason.params["fields"]] == ["Phone"]
    assert make.again(Account, acme.id).phone == "444 44"


def test_a_run_that_was_undone_twice_is_out_of_the_way_of_the_one_before_it(make: Make) -> None:
    acme = make.account("Acme", number="C1", phone="111 11")
    first = carry_out(make, plan(make, rows_of("Acme", phone="222 22")))
    second = carry_out(make, plan(make, rows_of("Acme", phone="333 33")))
    take_back(make, take_back(make, second))
    take_back(make, runs.get(second.id, by=make.mona))

    take_back(make, first)

    assert make.again(Account, acme.id).phone == "111 11"


def test_a_link_that_a_later_run_moved_and_gave_back_goes_with_the_run_that_made_it(
    make: Make,
) -> None:
    first = make.account("Acme", number="C1", phone="1 23")
    early = carry_out(make, plan(make, rows_of("Acme")))
    accounts.delete(first.id, by=make.alice)
    second = make.account("Acme", number="C1", phone="555 123").id
    late = carry_out(make, plan(make, rows_of("Acme")))
    assert meant() == {"C1": second}
    take_back(make, late)
    accounts.delete(second, by=make.alice)
    accounts.restore(first.id, by=make.alice)

    take_back(make, early)

    assert meant() == {}
    assert make.again(Account, first.id).phone == "1 23"
