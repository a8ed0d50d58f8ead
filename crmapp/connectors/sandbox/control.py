"""The control page of a sandbox, where faults are set by hand or by a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import orjson
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faults import Fault, Faults, Kind

PREFIX = "/__control"
Extra = Callable[[Mapping[str, Any]], Any]
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
<p>A pretend system for trying and testing. Whoever uses it meets the faults that are set here.</p>
<h2>Faults</h2>
<table border="1" cellpadding="4"><thead><tr><th>Kind<th>Pattern<th>After<th>Times<th>Seconds
<th>Object<th>Field<th>Seen<th>Fired<th></tr></thead><tbody>{rows}</tbody></table>
<form method="post" action="{prefix}/faults/clear"><button>Clear all</button></form>
<h2>Set a fault</h2>
<form method="post" action="{prefix}/faults">
<p><label>Kind <select name="kind">{kinds}</select></label>
<p><label>Pattern of METHOD /path or operation <input name="pattern" value="*"></label>
<p><label>After how many requests <input name="after" type="number" min="0" value="0"></label>
<p><label>How many times (empty: always)
<input name="times" type="number" min="1" value="1"></label>
<p><label>Seconds <input name="seconds" type="number" step="any" value="0"></label>
<p><label>Object <input name="object"></label> <label>Field <input name="field"></label>
<p><button>Set</button></form>
{extras}</html>
"""


class Control:
    """The control page; ``extras`` are further actions by name, which answer with JSON.

    ``inputs`` names what a person may enter for each of them.
    """

    def __init__(
        self,
        title: str,
        extras: Mapping[str, Extra] | None = None,
        inputs: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._title = title
        self._extras = dict(extras or {})
        self._inputs = dict(inputs or {})

    def answer(self, request: Request, faults: Faults) -> Response:
        """Answer a request below :data:`PREFIX`."""
        match request.method, request.path.removeprefix(PREFIX).strip("/").split("/"):
            case "GET", [""]:
                return Response(self._page(faults), content_type="text/html; charset=utf-8")
            case "GET", ["faults"]:
                return _json([asdict(each) for each in faults.listed()])
            case "POST", ["faults"]:
                return self._add(request, faults)
            case "DELETE", ["faults"]:
                faults.clear()
                return Response(status=204)
            case "DELETE", ["faults", id] if id.isdigit():
                faults.clear(int(id))
                return Response(status=204)
            case "POST", ["faults", "clear"]:
                faults.clear()
                return redirect(PREFIX, 303)
            case "POST", ["faults", id, "clear"] if id.isdigit():
                faults.clear(int(id))
                return redirect(PREFIX, 303)
            case "POST", [name] if name in self._extras:
                return self._extra(request, name)
        return _json({"error": "There is no such control."}, 404)

    def _add(self, request: Request, faults: Faults) -> Response:
        try:
            fault = faults.add(_fault(_given(request)))
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": f"This is no fault: {error}."}, 400)
        return _json(asdict(fault), 201) if request.is_json else redirect(PREFIX, 303)

    def _extra(self, request: Request, name: str) -> Response:
        try:
            done = self._extras[name](_given(request))
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": f"This cannot be done: {error!r}."}, 400)
        by_hand = request.accept_mimetypes.best == "text/html"
        return redirect(PREFIX, 303) if by_hand else _json(done)

    def _page(self, faults: Faults) -> str:
        rows = "".join(_row(each) for each in faults.listed())
        kinds = "".join(f"<option>{kind}</option>" for kind in Kind)
        forms = "".join(self._form(name) for name in self._extras)
        extras = f"<h2>More</h2>{forms}" if forms else ""
        return _PAGE.format(
            title=escape(self._title), prefix=PREFIX, rows=rows, kinds=kinds, extras=extras
        )

    def _form(self, name: str) -> str:
        inputs = "".join(
            f"<label>{each} <input name={each}></label> " for each in self._inputs.get(name, ())
        )
        return (
            f'<form method="post" action="{PREFIX}/{name}">{inputs}<button>{name}</button></form>'
        )


def _given(request: Request) -> dict[str, Any]:
    if request.is_json:
        given = orjson.loads(request.get_data() or b"{}")
        return given if isinstance(given, dict) else {}
    return dict(request.form)


def _fault(given: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON or from the form; an empty or null ``times`` means always.

    Raises:
        KeyError, TypeError, ValueError: it cannot be read.
    """
    times = given.get("times", 1)
    return Fault(
        Kind(given["kind"]),
        pattern=str(given.get("pattern") or "*"),
        after=int(given.get("after") or 0),
        times=None if times in (None, "") else int(times),
        seconds=float(given.get("seconds") or 0),
        object=str(given.get("object") or ""),
        field=str(given.get("field") or ""),
    )


def _row(fault: Fault) -> str:
    times = "always" if fault.times is None else fault.times
    cells = (
        fault.kind, fault.pattern, fault.after, times, fault.seconds, fault.object, fault.field,
        fault.seen, fault.fired,
    )  # fmt: skip
    shown = "".join(f"<td>{escape(str(cell))}" for cell in cells)
    form = f'<form method="post" action="{PREFIX}/faults/{fault.id}/clear"><button>Clear</button>'
    return f"<tr>{shown}<td>{form}</form></tr>"


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, content_type="application/json")
