"""Answers as werkzeug sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug.wrappers import Response

_JSON = "application/json;charset=UTF-8"


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Send ``value`` as JSON; bytes as they are; nothing if there is nothing to say."""
    if status in (204, 304):
        return Response(status=status, headers=dict(headers or {}))
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    rest = dict(headers or {})
    kind = rest.pop("Content-Type", _JSON)
    return Response(body, status, rest, content_type=kind)
