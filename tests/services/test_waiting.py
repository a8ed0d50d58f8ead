"""Who may wait for another system: few, each thing once, and nobody for one that is too slow."""

import pytest

from crmapp.connectors.errors import Unreachable
from crmapp.services.waiting import Busy, Turns


def test_the_same_is_waited_for_once():
    turns = Turns()
    with turns.turn("a"), pytest.raises(Busy), turns.turn("a"):
        pass


def test_few_wait_at_a_time():
    turns = Turns(at_once=2)
    with turns.turn("a"), turns.turn("b"), pytest.raises(Busy), turns.turn("c"):
        pass


def test_a_turn_is_free_again_afterwards_also_after_an_error():
    turns = Turns(at_once=1)
    with pytest.raises(KeyError), turns.turn("a"):
        raise KeyError

    with turns.turn("a"):
        pass


def test_what_did_not_answer_is_left_alone_for_a_while_and_told_as_before():
    turns = Turns()
    with pytest.raises(Unreachable), turns.turn("a"):
        raise Unreachable("too slow")

    with pytest.raises(Unreachable, match="too slow"), turns.turn("b"):
        pass


def test_after_the_rest_it_is_asked_again():
    turns = Turns(rest=0)
    with pytest.raises(Unreachable), turns.turn("a"):
        raise Unreachable

    with turns.turn("a"):
        pass
