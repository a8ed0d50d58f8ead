"""The ground of fault tests: Linux, a database that can crash, a home of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.faults.ground import Databases, open_databases


def pytest_runtest_setup() -> None:
    if sys.platform != "linux" and os.environ.get("CI") != "true":
        pytest.skip("faults are injected by process id through /proc, which only Linux has")


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    kind = os.environ.get("CRMAPP_TEST_DB") or "sqlite"
    with open_databases(kind, tmp_path_factory.mktemp("beginning")) as opened:
        yield opened


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print what was done to whoever runs the tests, also when they pass."""

    def tell_now(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return tell_now
