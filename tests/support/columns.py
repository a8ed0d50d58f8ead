"""The columns of a record that follow from its fields, for records that a test writes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.domain.records import name_keys, searchable


def derived(object_: str, values: Mapping[str, Any], custom: Sequence[str] = ()) -> dict[str, Any]:
    """Return the line that the search looks at, and the columns of the name."""
    return {**searchable(object_, values, custom), **name_keys(object_, values)}
