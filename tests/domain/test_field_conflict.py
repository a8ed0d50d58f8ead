"""Of copies that differ, the one that a person keeps goes to all others; nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp.domain.field_conflict import Torn
from crmapp.domain.field_copies import Party
from crmapp.domain.field_rules import Blank, Conflict, Sync
from crmapp.domain.field_sync import Act
from tests.support.account_merge import (
    PARTIES,
    PHONE,
    after,
    agreed,
    merged,
    phones,
    said,
    typed_in,
    writes,
)

ASK = replace(PHONE, conflict=Conflict.ASK)
WORLD = phones("1111", "2222", "3333")


def asked(world=WORLD, rule=ASK) -> Torn:
    torn = merged((rule,), world, kept=agreed(rule)).torn[rule.key]
    return Torn.from_json(torn.as_json())


def test_who_is_asked_is_told_what_each_side_has():
    copies = asked().copies

    assert {party: each.said for party, each in copies.items()} == {
        Party.INTACCT: "1111", Party.HERE: "2222", Party.SALESFORCE: "3333",
    }  # fmt: skip
    assert all(each.may_win for each in copies.values())


@pytest.mark.parametrize("party", list(Party))
def test_what_she_keeps_goes_to_the_others(party):
    kept = {ASK.key: asked().kept(party)}

    found = merged((ASK,), WORLD, kept=kept)
    again = merged((ASK,), world := after(found, WORLD, *PARTIES), kept=found.kept)

    assert said(world) == (asked().copies[party].said,) * 3
    assert (found.problems, writes(again)) == ({}, [])


def test_what_another_side_says_by_then_is_asked_about_again():
    kept = {ASK.key: asked().kept(Party.HERE)}

    found = merged((ASK,), typed_in(WORLD, "salesforce", "4444"), kept=kept)

    assert (found.outcomes[0].act, writes(found)) == (Act.HELD, [])
    assert found.torn[ASK.key].copies[Party.SALESFORCE].said == "4444"
    assert found.torn[ASK.key].word != asked().word


@pytest.mark.parametrize("blank, may_win", [(Blank.LEAVE, False), (Blank.CLEAR, True)])
def test_an_empty_copy_is_kept_only_if_it_empties_the_others(blank, may_win):
    rule = replace(ASK, blank=blank)
    kept = agreed(rule) | {rule.key: {**agreed(rule)[rule.key], "here": "x"}}

    torn = merged((rule,), phones("1111", None, "3333"), kept=kept).torn[rule.key]

    assert (torn.copies[Party.HERE].said, torn.copies[Party.HERE].may_win) == ("", may_win)


def test_what_does_not_count_by_the_row_cannot_be_kept():
    rule = replace(ASK, sync=Sync.TO)

    copies = asked(rule=rule).copies

    assert {party for party, each in copies.items() if each.may_win} == {
        Party.HERE, Party.SALESFORCE,
    }  # fmt: skip
