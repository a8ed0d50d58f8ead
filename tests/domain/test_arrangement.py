"""Things in the order of somebody's own: what is new comes last, what is gone is forgotten."""

from crmapp.domain.arrangement import Arrangement

HERS = Arrangement(("c", "a", "b"), frozenset("a"))


def test_what_she_never_saw_comes_last_as_others_have_it():
    assert HERS.sort(["x", "a", "b", "c", "w"]) == ["c", "a", "b", "x", "w"]


def test_what_is_gone_takes_no_place():
    assert HERS.sort(["b", "c"]) == ["c", "b"]


def test_nothing_is_known_any_more_of_what_is_forgotten():
    assert HERS.only(["b", "c"]) == Arrangement(("c", "b"))
    assert HERS.only("abc") == HERS


def test_it_is_read_as_it_was_kept():
    assert Arrangement.from_json(HERS.as_json()) == HERS
    assert Arrangement.from_json(None) == Arrangement.from_json({}) == Arrangement()
