"""Rows of a form in the order that somebody gives them."""

import pytest

from crmapp.web.ladder import moved, mover, placed

NAMES = ("a", "b", "c")


@pytest.mark.parametrize(
    "button, name, order",
    [
        ("up", "b", ("b", "a", "c")),
        ("down", "b", ("a", "c", "b")),
        ("up", "a", NAMES),
        ("down", "c", NAMES),
        ("up", "forged", NAMES),
        ("dropped", "b", NAMES),
    ],
)
def test_a_button_moves_a_row_as_far_as_there_is_room(button, name, order):
    assert moved(NAMES, {button: name}) == order


@pytest.mark.parametrize("way", ["up", "down", "dropped", "moved"])
def test_who_moved_a_row_learns_where_it_stands(app, way):
    with app.test_request_context(f"/?{way}=c"):
        assert placed(NAMES) == ("c", 3)
    assert mover({way: "c"}) == "c"


@pytest.mark.parametrize("address", ["/", "/?up=forged", "/?find=1"])
def test_nothing_is_said_where_no_row_was_moved(app, address):
    with app.test_request_context(address):
        assert placed(NAMES) is None
