"""Both databases fold text as search does."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, cast, literal, select

from crmapp.db import session
from crmapp.domain.search import fold
from crmapp.models.folded import folded

SCRIPTS = st.characters(max_codepoint=0x24F, exclude_characters="\x00") | st.sampled_from(
    "ΟΔΌΣςάΪЙёЪԱև\u0301\u0345ﬁßẞſŉⅣ½℠Å日本\u00a0\u2003\u2028\u200b\u00ad\u3164\ufe0fªæœþðđøłı"
)


@given(st.text(SCRIPTS, max_size=30))
@example("  Two\t words ")
@example("Straße İZMİR ΟΔΟΣ")
@example("\u200bAc\u200bme\u3164\u2800L\u00adtd \u200e\u2764\ufe0f")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_a_text_is_folded_in_the_database_as_in_python(app, text):
    assert session.scalar(select(folded(cast(literal(text), String)))) == fold(text)
