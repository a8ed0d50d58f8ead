"""Views of those who left are looked after by others; two people save one at once."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from crmapp.db import db, session, unit_of_work
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import SavedView
from crmapp.services import saved_views, users, view_counts


def keep(by, name="Lyon", audience="mine", location="Lyon"):
    typed = {"name": name, "audience": audience}
    return saved_views.keep([("location", location)], typed, by=by)


def names(by):
    return [view.name for view in saved_views.listed(by=by)]


def test_views_stand_by_whose_they_are_and_by_name(make):
    keep(make.mona, "Zebra", "everyone")
    keep(make.alice, "Apple", "everyone")
    keep(make.mona, "éclair")
    keep(make.mona, "Daily")

    assert names(make.mona) == ["Daily", "éclair", "Zebra", "Apple"]


def test_the_view_for_everyone_stays_when_its_maker_has_left(make):
    keep(make.mona, "For all", "everyone")

    users.set_active(make.mona.id, False, by=None)

    assert names(make.carol) == ["For all"]


def test_the_view_of_a_team_is_found_by_a_manager_when_its_maker_has_left(make):
    bob = make.bob
    view = keep(bob, "Ours", f"team:{bob.teams[0].id}")
    private = keep(bob, "Hers alone")
    before = names(make.mona)

    users.set_active(bob.id, False, by=None)
    saved_views.take_over(view, by=make.mona)

    assert before == []
    assert names(make.mona) == ["Ours"]
    assert saved_views.get(view, by=make.mona).user_id == make.mona.id
    with pytest.raises(NotFound):
        saved_views.take_over(private, by=make.mona)


def test_a_view_is_not_taken_over_by_somebody_with_one_of_its_name(make):
    view = keep(make.mona, "Lyon", "everyone")
    keep(make.alice, "LYON")
    users.set_active(make.mona.id, False, by=None)

    with pytest.raises(Invalid) as refused:
        saved_views.take_over(view, by=make.alice)

    assert "name" in refused.value.fields


def test_who_stopped_being_active_may_keep_nothing(make):
    users.set_active(make.bob.id, False, by=None)

    with pytest.raises(Forbidden):
        keep(make.bob)


def test_of_two_who_save_a_view_at_once_the_second_is_refused(make):
    view = keep(make.mona, "Lyon", "everyone")

    saved_views.renew(view, [("owner", "me")], 1, by=make.mona)
    with pytest.raises(Conflict) as refused:
        saved_views.renew(view, [("owner", "none")], 1, by=make.alice)

    assert refused.value.version == 2
    assert refused.value.theirs["args"] == "owner=me"
    assert session.get_one(SavedView, view).changed_by_id == make.mona.id


def test_a_view_that_stays_with_everyone_is_renamed_by_its_maker_who_may_not_share_so(make):
    view = keep(make.bob)
    with unit_of_work():
        session.get_one(SavedView, view).audience = "everyone"

    saved_views.describe(view, {"name": "New", "audience": "everyone"}, 1, by=make.bob)

    assert names(make.mallory) == ["New"]


def test_views_are_left_uncounted_when_it_takes_too_long(make, monkeypatch):
    keep(make.bob, "A")
    monkeypatch.setattr(view_counts, "PATIENCE", -1.0)

    assert view_counts.counts(saved_views.listed(by=make.bob), by=make.bob) == []


def test_a_view_that_the_database_does_not_count_leaves_the_others(make):
    make.account(location="Lyon")
    views = [keep(make.mona, "A"), keep(make.mona, "B", location="Graz"), keep(make.mona, "C")]

    def fails(_connection, _cursor, statement, parameters, *_rest):
        if "Graz" in str(parameters):
            raise OperationalError(statement, parameters, Exception("too slow"))

    event.listen(db.engine, "before_cursor_execute", fails)
    try:
        found = view_counts.counts(saved_views.listed(by=make.mona), by=make.mona)
    finally:
        event.remove(db.engine, "before_cursor_execute", fails)

    assert found == list(zip(views, [1, None, 1], [False] * 3, strict=True))
