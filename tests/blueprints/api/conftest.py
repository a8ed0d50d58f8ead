"""Programs that ask in people's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmapp.domain.scopes import Scope
from crmapp.services import api_tokens

EVERYTHING = tuple(scope.value for scope in Scope)


class Program:
    """Asks with a token."""

    def __init__(self, client: Any, token: str) -> None:
        self.client = client
        self.token = token

    def ask(self, method: str, path: str, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.ask("GET", path, **kwargs)

    def post(self, path: str, sent: Any, **headers: str) -> Any:
        return self.ask("POST", path, json=sent, headers=headers)

    def patch(self, path: str, sent: Any, version: int | None = None) -> Any:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return self.ask("PATCH", path, json=sent, headers=headers)


@pytest.fixture
def program(app) -> Callable[..., Program]:
    """Return a function from a person, and scopes, to a program with her token."""

    def make_one(user: Any, *scopes: str, days: int = 30) -> Program:
        token = api_tokens.make("Test", scopes or EVERYTHING, days, by=user)
        return Program(app.test_client(), token)

    return make_one
