"""The columns of a record that follow from its fields, for records that a test writes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.domain.derived import key_columns, searchable


def derived(object_: str, values: Mapping[str, Any], custom: Sequence[str] = ()) -> dict[str, Any]:
    """Return the line that the search looks at, and the columns by which records are found."""
    return {**searchable(object_, values, custom), **key_columns(object_, values, values)}
