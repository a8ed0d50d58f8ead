"""What a spreadsheet would take for a formula is guarded in a file, and read as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.formula_guard import bare, guarded

TEXTS = st.text(st.sampled_from("'=+-@\t\r＝＋－＠a1 ")) | st.text()


@given(TEXTS)
def test_every_text_comes_back(text):
    assert bare(guarded(text)) == text


@given(TEXTS)
def test_no_guarded_text_begins_as_a_formula_does(text):
    assert not guarded(text).startswith(tuple("=+-@\t\r＝＋－＠"))


@pytest.mark.parametrize("text", ["", "'", "'tis", "''", "a=b", "0123", "Łódź"])
def test_other_texts_stay_as_they_are(text):
    assert guarded(text) == bare(text) == text
