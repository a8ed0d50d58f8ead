"""Values that no page of ours would send."""

from __future__ import annotations

TAG = "<b\"'>"
HOSTILE = [
    TAG, "", "-1", "2", "1e999", "9" * 40, "NaN", "²", "\0", "%", "%_\\", '" OR (', "'; --",
    "=cmd()", "\u202eעברית", "Łódź \U0001f600", "\r\nX-Evil: 1", "x" * 3000, "[]", "{{7*7}}",
    "%(x)s", "../..", "0001-01-01T00:00", "9999-12-31T23:59", "//evil.example",
    "WyIiLFsiXHVkODAwIiwxXSxmYWxzZV0",
]  # fmt: skip
