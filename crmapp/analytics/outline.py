"""YAML read with its line numbers, so that a mistake is reported where it was made."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

import yaml

from crmapp.errors import DatasetError
from crmapp.i18n import Text

LONGEST = 256 * 1024


@dataclass(frozen=True)
class Place:
    """A file and a line in it; knows how to complain."""

    file: str
    line: int

    def fail(self, problem: Text | str, allowed: object = None) -> NoReturn:
        """Raise a :class:`DatasetError` that names the place, the problem and what is allowed."""
        where = {"file": self.file, "line": self.line, "problem": str(problem)}
        if allowed is None:
            raise DatasetError(Text("%(file)s:%(line)s: %(problem)s", where))
        names = allowed if isinstance(allowed, str) else ", ".join(map(str, _each(allowed)))
        raise DatasetError(
            Text("%(file)s:%(line)s: %(problem)s; allowed: %(allowed)s", where | {"allowed": names})
        )


def _each(allowed: object) -> Collection[object]:
    return allowed if isinstance(allowed, Collection) else (allowed,)


class Outline:
    """One node of a YAML file, read with the caller's expectations."""

    def __init__(self, node: yaml.Node, file: str, path: str = "") -> None:
        self._node = node
        self._path = path or "the file"
        self.place = Place(file, node.start_mark.line + 1)

    def mapping(
        self, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> dict[str, Outline]:
        """The parts by name, checked: none missing, none unknown, none twice."""
        parts = dict(self.items())
        allowed = [*required, *optional]
        for name, part in parts.items():
            if name not in allowed:
                part.place.fail(f"{self._path} has no {name!r}", allowed)
        for name in required:
            if name not in parts:
                self.place.fail(f"{self._path} needs {name!r}")
        return parts

    def items(self) -> Iterator[tuple[str, Outline]]:
        """The parts of a mapping whose names the author chooses."""
        if not isinstance(self._node, yaml.MappingNode):
            self.place.fail(f"{self._path} is not a mapping", "name: value")
        seen = set()
        for key, value in self._node.value:
            at = Place(self.place.file, key.start_mark.line + 1)
            if not isinstance(key, yaml.ScalarNode):
                at.fail(f"{self._path} has a name that is not a word")
            if key.value in seen:
                at.fail(f"{self._path} has {key.value!r} twice")
            seen.add(key.value)
            part = Outline(value, self.place.file, key.value)
            part.place = at
            yield key.value, part

    def words(self) -> tuple[str, ...]:
        """A list of words."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.place.fail(f"{self._path} is not a list", "[one, two]")
        return tuple(Outline(node, self.place.file, self._path).text() for node in self._node.value)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self._node, yaml.ScalarNode) or not self._node.value.strip():
            self.place.fail(f"{self._path} is not a text")
        return str(self._node.value).strip()

    def choice(self, allowed: Collection[str]) -> str:
        """One of the allowed words."""
        word = self.text()
        if word not in allowed:
            self.place.fail(f"{self._path} is {word!r}", allowed)
        return word


def read(text: str, file: str) -> Outline:
    """Read a YAML text.

    Raises:
        DatasetError: it is too long, is not YAML, or is empty; the message names the line.
    """
    if len(text) > LONGEST:
        Place(file, 1).fail(f"the file has {len(text)} characters", f"up to {LONGEST}")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        Place(file, mark.line + 1 if mark else 1).fail(f"not YAML: {error.problem}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        Place(file, line).fail(f"character {error.character!r} is not allowed here")
    except RecursionError:
        Place(file, 1).fail("brackets are nested too deeply")
    if node is None:
        Place(file, 1).fail("the file is empty")
    return Outline(node, file)
