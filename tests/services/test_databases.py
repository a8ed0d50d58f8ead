"""Databases made in the browser: drafted, published, changed, retired, deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp.analytics.query import Question
from crmapp.config import settings
from crmapp.db import session, unit_of_work
from crmapp.errors import Conflict, DatasetError, Forbidden, Invalid, NotFound
from crmapp.models import ExternalIdentity, Run, StoredDataset
from crmapp.services import databases, dataset_preview, datasets, grids, runs, tables
from tests.factories import _kept
from tests.support.sales import SALES, draft, publish, send

MANY = SALES + "".join(SALES.splitlines(keepends=True)[1:]) * 9


def totals(name, by, **args):
    question = grids.ask(name, "customers", {"period": "total", **args}, by=by)
    return grids.answer(question, by=by)


def changed(stored, **columns):
    """The draft's design with some columns changed."""
    found = databases.draft_of(stored).design
    chosen = tuple(replace(each, **columns.get(each.name, {})) for each in found.columns)
    return replace(found, columns=chosen)


@pytest.mark.parametrize("name", ["mona", "bob", "carol"])
def test_only_those_with_the_right_make_databases(make, name):
    with pytest.raises(Forbidden, match="dataset.manage|lack"):
        draft(getattr(make, name))

    assert not settings().databases_dir.exists()


def test_a_file_becomes_a_draft_with_a_proposal(make):
    stored = databases.get(draft(make.alice), by=make.alice)

    found = databases.draft_of(stored)
    assert (stored.state, stored.label_en) == ("draft", "Our sales")
    assert found.sample["headings"][1] == "Customer no"
    assert found.design.accounts == "customer_no"
    assert "accounts: customers" in found.text
    assert [one.name for one in datasets.listed()] == ["sales", "superstore"]


@pytest.mark.parametrize("content, says", [("", "empty"), ("\0\0\1\2" * 99, "not a table")])
def test_what_is_no_table_leaves_nothing_behind(make, content, says):
    with pytest.raises(Invalid) as refused:
        draft(make.alice, content)

    assert says in str(refused.value.fields["file"])
    assert list(settings().databases_dir.iterdir()) == []
    assert list(databases.everything(by=make.alice)) == []


def test_a_file_beyond_the_limit_leaves_nothing_behind(make, monkeypatch):
    monkeypatch.setattr(tables, "settings", lambda: replace(settings(), max_table=100))

    with pytest.raises(Invalid) as refused:
        draft(make.alice)

    assert "larger than" in str(refused.value.fields["file"])
    assert list(settings().databases_dir.iterdir()) == []


def test_a_preview_shows_the_grid_before_anything_is_kept(make):
    stored = databases.get(draft(make.alice, MANY + "soon;1;A;B;C;1;1\n"), by=make.alice)

    seen = dataset_preview.preview(stored, by=make.alice)

    assert (seen.rows, seen.loaded, len(seen.rejected), seen.whole) == (41, 40, 1, True)
    assert seen.answer.totals["amount.total"] is not None
    assert [row.key for row in seen.answer.rows] == ["0017", "0018"]
    assert not (settings().snapshots_dir / "our_sales").exists()


def test_a_draft_that_is_published_answers_in_the_grid(make):
    stored = publish(make)

    found = totals("our_sales", make.alice)

    assert stored.name == "our_sales"
    assert [row.values["customer"] for row in found.rows] == ["Acme", "Brown & Sons"]
    assert str(found.totals["amount.total"]) == "1029.9500"
    assert "our_sales" in [one.name for one in datasets.listed()]


def test_the_grid_says_so_while_it_is_loaded_for_the_first_time(make):
    publish(make, work=False)

    with pytest.raises(DatasetError, match="is being loaded"):
        totals("our_sales", make.alice)


def test_a_name_is_given_once(make):
    first, second = publish(make), publish(make)

    assert (first.name, second.name) == ("our_sales", "our_sales_2")


def test_a_database_never_takes_the_name_of_a_file(make):
    dataset_id = draft(make.alice, filename="sales.csv")
    databases.publish(dataset_id, by=make.alice)

    assert make.again(StoredDataset, dataset_id).name == "sales_2"


def test_the_same_form_twice_publishes_once(make):
    dataset_id = draft(make.alice)

    first = databases.publish(dataset_id, by=make.alice, key="k")

    assert databases.publish(dataset_id, by=make.alice, key="k") == first


def test_a_rep_sees_the_figures_of_her_accounts_only(make):
    publish(make)
    account = make.account("Brown", owner_id=make.bob.id)
    link = ExternalIdentity(
        system="dataset:our_sales",
        object="customers",
        external_id="0018",
        account_id=account.id,
    )
    _kept(link)

    found = totals("our_sales", make.bob)

    assert [row.key for row in found.rows] == ["0018"]
    assert str(found.totals["amount.total"]) == "5.0000"


def test_a_change_shows_only_once_it_is_published(make):
    stored = publish(make)
    design = replace(changed(stored, city={"role": "skip", "own": False}), label_en="Turnover")

    databases.save(stored.id, design, by=make.alice)
    before = datasets.get("our_sales")
    runs.work(databases.publish(stored.id, by=make.alice))

    assert before.label.en == "Our sales"
    shape = grids.dataset("our_sales", by=make.alice)
    assert shape.label.en == "Turnover"
    assert "city" not in shape.dimensions["customers"].properties
    assert make.again(StoredDataset, stored.id).name == "our_sales"


def test_a_design_that_cannot_be_used_is_not_published(make):
    stored = publish(make)

    with pytest.raises(Invalid) as refused:
        databases.save(stored.id, changed(stored, date={"role": "skip"}), by=make.alice)

    assert "date of a line" in str(refused.value.fields[""])
    assert make.again(StoredDataset, stored.id).text == stored.text
    with pytest.raises(Invalid):
        databases.publish(stored.id, by=make.alice)


def test_reading_anew_keeps_what_was_chosen(make):
    stored = databases.get(draft(make.alice), by=make.alice)
    chosen = changed(stored, qty={"label_en": "Pieces"})
    databases.save(stored.id, chosen, by=make.alice)
    draft_ = databases.draft_of(databases.get(stored.id, by=make.alice))

    databases.read_anew(stored.id, replace(draft_.reading, encoding="windows-1252"), by=make.alice)

    fresh = databases.draft_of(make.again(StoredDataset, stored.id))
    assert fresh.reading.encoding == "windows-1252"
    assert [each.label_en for each in fresh.design.columns if each.name == "qty"] == ["Pieces"]


def test_discarding_a_change_keeps_the_database(make):
    stored = publish(make)
    databases.save(stored.id, changed(stored, qty={"label_en": "Pieces"}), by=make.alice)

    databases.discard(stored.id, by=make.alice)

    assert make.again(StoredDataset, stored.id).draft is None


def test_discarding_a_draft_leaves_nothing(make):
    dataset_id = draft(make.alice)

    databases.discard(dataset_id, by=make.alice)

    assert list(databases.everything(by=make.alice)) == []
    assert list(settings().databases_dir.iterdir()) == []


# --- other files --------------------------------------------------------------------------------


def test_a_new_file_replaces_the_old_one(make):
    stored = publish(make)
    head, first, *_ = SALES.splitlines(keepends=True)

    runs.work(send(make, stored, head + first))

    assert str(totals("our_sales", make.alice).totals["amount.total"]) == "19.9000"
    kept = list(tables.folder_of(stored.folder).glob("table-*"))
    assert len(kept) == 1


def test_a_new_file_is_added_whatever_the_order_of_its_columns(make):
    stored = publish(make)
    more = "Amount;Qty;Date;Customer no;Customer;City;Product code\n7.00;1;2026-05-09;0019;C;D;P9\n"

    runs.work(send(make, stored, more, adds=True))

    found = totals("our_sales", make.alice)
    assert str(found.totals["amount.total"]) == "1036.9500"
    assert found.count == 3


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_file_that_comes_while_a_refresh_is_at_work_is_loaded_too(make, status):
    stored = publish(make)
    head, first, second, *_ = SALES.splitlines(keepends=True)
    earlier = send(make, stored, head + first)
    with unit_of_work():
        session.get_one(Run, earlier).status = status
        session.get_one(Run, earlier).lease_until = 0.0

    later = send(make, stored, head + second)
    runs.work(earlier)
    runs.work(later)

    assert make.again(Run, earlier).status == "cancelled"
    assert str(totals("our_sales", make.alice).totals["amount.total"]) == "5.0000"


def test_a_file_without_the_columns_is_refused_and_changes_nothing(make):
    stored = publish(make)

    with pytest.raises(Invalid) as refused:
        send(make, stored, "Date;Qty\n2026-05-01;2\n")

    assert "not in the table: Amount, City, Customer" in str(refused.value.fields["file"])
    assert make.again(StoredDataset, stored.id).source == stored.source


# --- the end ------------------------------------------------------------------------------------


def test_a_retired_database_is_out_of_the_grid_and_comes_back(make):
    stored = publish(make)

    databases.retire(stored.id, by=make.alice)
    with pytest.raises(NotFound):
        totals("our_sales", make.alice)
    assert "our_sales" not in [one.name for one in datasets.listed()]
    databases.reinstate(stored.id, by=make.alice)

    assert totals("our_sales", make.alice).count == 2


def test_only_a_retired_database_is_deleted(make):
    stored = publish(make)

    with pytest.raises(Conflict):
        databases.delete(stored.id, by=make.alice)

    assert totals("our_sales", make.alice).count == 2


def test_a_database_that_a_run_reads_is_not_deleted(make):
    stored = publish(make)
    make.run(source={"dataset": "our_sales"}, status="planned", by_id=make.alice.id)
    databases.retire(stored.id, by=make.alice)

    with pytest.raises(Conflict, match="has not ended"):
        databases.delete(stored.id, by=make.alice)


def test_deleting_keeps_the_links_of_accounts(make):
    stored = publish(make)
    make.customer(make.account("Acme"), "0017")
    databases.retire(stored.id, by=make.alice)

    databases.delete(stored.id, by=make.alice)

    assert session.get(StoredDataset, stored.id) is None
    assert list(settings().databases_dir.iterdir()) == []
    assert not (settings().snapshots_dir / "our_sales").exists()
    assert session.query(ExternalIdentity).count() == 1


def test_the_text_is_a_dataset_file(make):
    stored = publish(make)

    shape = datasets.get("our_sales")

    assert stored.text.startswith("name: our_sales\nlabel: {en: Our sales, fr: Our sales}\n")
    assert Question.from_args(shape, "customers", {}).dataset == "our_sales"
