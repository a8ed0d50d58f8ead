"""Each connector in turn, connected to a pretend system of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.subjects import SUBJECTS, Subject, serving


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path) -> Iterator[Subject]:
    with serving(request.param, tmp_path) as subject:
        yield subject
