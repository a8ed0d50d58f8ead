"""The grid as each person sees it, her selections, and the source of a run."""

from decimal import Decimal

import pytest

from crmapp.db import session
from crmapp.domain.permissions import Role
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import StoredSelection
from crmapp.services import datasets, grids, selections, ticks
from crmapp.services.sources import open_source
from tests.support.snapshots import REFRESHED as NOW
from tests.support.snapshots import lay_out_sales


@pytest.fixture(autouse=True)
def _sales(settings):
    lay_out_sales(settings)


def ask(by, dimension="customers", **args):
    return grids.ask("sales", dimension, args, by=by)


def click(question, key, *, by):
    """Tick a row, or take its tick away, as a click does; return the selection."""
    rows = grids.answer(question, by=by).rows
    return ticks.tick(question, {row.key for row in rows if row.selected} ^ {key}, by=by)


def shown(by, **args):
    return [row.key for row in grids.answer(ask(by, **args), by=by).rows]


def test_who_sees_all_accounts_sees_all_customers(make):
    for person in (make.alice, make.ivan, make.mona, make.carol):
        assert grids.answer(ask(person), by=person).count == 80


def test_a_rep_sees_the_customers_of_the_accounts_she_sees(make):
    make.customer(make.account(owner_id=make.bob.id), "C034")
    make.customer(make.account(owner_id=make.mallory.id), "C056")
    make.customer(make.account(), "C045")

    assert sorted(shown(make.bob)) == ["C034", "C045"]
    assert sorted(shown(make.mallory)) == ["C045", "C056"]


def test_a_number_that_a_rep_types_opens_no_figures(make):
    make.account(owner_id=make.bob.id, number="C034")

    assert shown(make.bob, activity="all") == []


def test_a_deleted_account_shows_no_figures(make):
    make.customer(make.account(owner_id=make.bob.id, deleted_at=NOW), "C034")

    assert shown(make.bob) == []


def test_the_totals_of_a_rep_are_hers(make):
    make.customer(make.account(owner_id=make.bob.id), "C034")

    found = grids.answer(ask(make.bob, "territories"), by=make.bob)

    assert found.totals["value.total"] == Decimal("567255.97")


def test_who_may_not_open_the_grid_is_told_which_right_is_missing(make):
    nobody = make.user("nobody", role="guest")

    with pytest.raises(Forbidden) as caught:
        ask(nobody)

    assert caught.value.right == "grid.view"


# --- selections -----------------------------------------------------------------------------------


def test_a_click_selects_a_row_and_another_one_deselects_it(make):
    question = ask(make.mona)
    number = click(question, "C034", by=make.mona)
    question = question.change(selection=number)
    assert grids.answer(question, by=make.mona).selected == 1

    click(question, "C034", by=make.mona)

    assert grids.answer(question, by=make.mona).selected == 0


def test_a_page_is_selected_and_deselected(make):
    question = ask(make.mona, size="25", page="2")
    number = ticks.whole_page(question, by=make.mona)
    marked = question.change(selection=number, page=2)
    assert grids.answer(marked, by=make.mona).selected == 25

    ticks.tick(marked, [], by=make.mona)

    assert grids.answer(marked, by=make.mona).selected == 0


def test_all_that_match_are_selected_except_some(make):
    question = ask(make.mona, q="gift")
    count = grids.answer(question, by=make.mona).count
    number = grids.select_all(question, by=make.mona)
    question = question.change(selection=number)
    first = grids.answer(question, by=make.mona).rows[0].key

    click(question, first, by=make.mona)

    found = grids.answer(question, by=make.mona)
    assert found.selected == count - 1
    assert not found.rows[0].selected
    assert found.rows[1].selected


def test_a_selection_survives_another_search_and_sort(make):
    number = click(ask(make.mona), "C034", by=make.mona)

    found = grids.answer(ask(make.mona, q="lyon", sort="name", sel=str(number)), by=make.mona)

    assert found.selected == 1
    assert not any(row.selected for row in found.rows)


def test_a_focus_keeps_what_it_was_made_of(make):
    number = click(ask(make.mona), "C034", by=make.mona)
    frozen = selections.freeze(number, by=make.mona)
    click(ask(make.mona, sel=str(number)), "C034", by=make.mona)

    found = grids.answer(
        ask(make.mona, "products", period="total", **{"focus.customers": str(frozen)}), by=make.mona
    )

    assert 0 < found.count < 109


def test_a_selection_made_under_a_focus_does_not_become_its_own_focus(make):
    by = make.mona
    lines = grids.select_all(ask(by, "lines"), by=by)
    customers = grids.select_all(ask(by, **{"focus.lines": str(lines)}), by=by)

    again = grids.select_all(
        ask(by, "lines", sel=str(lines), **{"focus.customers": str(customers)}), by=by
    )

    assert again != lines
    assert grids.answer(ask(by, "lines", sel=str(again)), by=by).selected == 7


@pytest.mark.parametrize("verb", ["tick", "freeze", "all", "answer"])
def test_a_selection_of_somebody_else_is_not_found(make, verb):
    number = click(ask(make.mona), "C034", by=make.mona)
    question = ask(make.alice, sel=str(number))
    verbs = {
        "tick": lambda: ticks.tick(question, ["C034"], by=make.alice),
        "freeze": lambda: selections.freeze(number, by=make.alice),
        "all": lambda: grids.select_all(question, by=make.alice),
        "answer": lambda: grids.answer(question, by=make.alice),
    }

    with pytest.raises(NotFound):
        verbs[verb]()

    assert session.get_one(StoredSelection, number).keys == ["C034"]


def test_a_selection_of_another_dimension_is_refused(make):
    number = click(ask(make.mona), "C034", by=make.mona)

    with pytest.raises(Invalid, match="of another dimension"):
        grids.answer(ask(make.mona, "products", sel=str(number)), by=make.mona)


@pytest.mark.parametrize("key", ["C999", "", "c034", "\0", "C034\0", "' OR 1=1 --"])
def test_a_forged_row_is_not_selected(make, key):
    with pytest.raises(NotFound):
        ticks.tick(ask(make.mona), [key], by=make.mona)


def test_a_row_that_a_rep_may_not_see_is_not_selected(make):
    make.customer(make.account(owner_id=make.mallory.id), "C056")

    with pytest.raises(NotFound):
        ticks.tick(ask(make.bob), ["C056"], by=make.bob)


# --- sources of runs ------------------------------------------------------------------------------


def test_a_source_has_the_selected_rows(make):
    question = ask(make.ivan)
    for key in ("C034", "C001"):
        number = click(question, key, by=make.ivan)
        question = question.change(selection=number)

    source = open_source(grids.source(question, by=make.ivan), by=make.ivan)

    assert source.count() == 2
    assert [key for key, _ in source.rows(None, 10).found] == ["C001", "C034"]
    assert [key for key, _ in source.rows("C001", 10).found] == ["C034"]
    assert source.rows(None, 1).found[0][1]["name"] == "AV Stores, Co."


def test_a_source_without_a_selection_is_everything_in_view(make):
    kept = grids.source(ask(make.ivan, q="gift"), by=make.ivan)

    assert kept["everything"] is True
    assert kept["identity"] == ["dataset:sales", "customers"]
    assert open_source(kept, by=make.ivan).count() == 19


def test_a_source_stays_as_it_was_started(make):
    number = click(ask(make.ivan), "C034", by=make.ivan)
    kept = grids.source(ask(make.ivan, sel=str(number)), by=make.ivan)
    click(ask(make.ivan, sel=str(number)), "C034", by=make.ivan)
    datasets.refresh("sales", lambda: NOW.replace(hour=11))

    assert [key for key, _ in open_source(kept, by=make.ivan).rows(None, 10).found] == ["C034"]


def test_a_source_of_all_but_some_stays_too(make):
    number = grids.select_all(ask(make.ivan, q="gift"), by=make.ivan)
    question = ask(make.ivan, sel=str(number))
    kept = grids.source(question, by=make.ivan)
    ticks.tick(question, [], by=make.ivan)

    assert kept["everything"] is False
    assert open_source(kept, by=make.ivan).count() == 19


def test_a_source_holds_only_what_its_person_may_see(make):
    make.customer(make.account(owner_id=make.bob.id), "C034")

    source = open_source(grids.source(ask(make.bob), by=make.bob), by=make.bob)

    assert [key for key, _ in source.rows(None, 10).found] == ["C034"]


def test_a_source_of_those_without_figures_has_them_all_and_nothing_else(make):
    question = ask(make.ivan, activity="without", period="quarter", mode="total", q="gift")
    found = grids.answer(question, by=make.ivan)
    assert found.count

    number = grids.select_all(question, by=make.ivan)
    kept = grids.source(question.change(selection=number), by=make.ivan)
    ticks.tick(question.change(selection=number), [found.rows[0].key], by=make.ivan)

    source = open_source(kept, by=make.ivan)
    assert source.count() == found.count
    rows = dict(source.rows(None, 100).found)
    assert set(rows) == {row.key for row in found.rows}
    assert all("gift" in str(row["name"]).lower() for row in rows.values())
    assert not any("value.total" in row for row in rows.values())
    assert "value.total" in [column.name for column in source.columns()]


def test_the_class_of_an_account_is_a_column_of_a_source(make):
    number = click(ask(make.ivan), "C034", by=make.ivan)
    question = ask(make.ivan, mode="share", sel=str(number))

    source = open_source(grids.source(question, by=make.ivan), by=make.ivan)

    ((key, row),) = source.rows(None, 10).found
    shown = grids.answer(ask(make.ivan, mode="share"), by=make.ivan).rows[0]
    assert (key, row["value.class"]) == ("C034", "A")
    assert row["value.share"] == shown.values["value.share"]
    assert "Value – Class" in [column.label for column in source.columns()]


def test_a_source_of_a_matrix_has_its_totals(make):
    question = ask(make.ivan, mode="matrix", across="lines")

    source = open_source(grids.source(question, by=make.ivan), by=make.ivan)

    measures = [column.name for column in source.columns() if "." in column.name]
    assert measures == ["value.total"]
    shown = grids.answer(question, by=make.ivan).rows[0]
    assert (
        dict(source.rows(None, 100).found)["C034"]["value.total"] == shown.values["value.total"] > 0
    )


def test_the_columns_of_a_source_have_labels_and_samples(make):
    source = open_source(grids.source(ask(make.ivan), by=make.ivan), by=make.ivan)

    columns = {column.name: column for column in source.columns()}

    assert columns["phone"].label == "Phone"
    assert len(columns["phone"].samples) == 3
    assert columns["value.m12"].label == "Value – 2026-10"
    assert list(columns)[:2] == ["code", "name"]


def test_labels_are_in_the_reader_s_language(make):
    ivan = make.user("yvan", role=Role.IMPLEMENTER, locale="fr")

    columns = open_source(grids.source(ask(ivan), by=ivan), by=ivan).columns()

    assert columns[2].label == "Téléphone"
