"""bandit and semgrep over our code: what neither our own rules nor ruff's have an excuse for.

An exception stands beside its line as one from ruff, which knows bandit's rules by the same number:
``# noqa: S603`` with a reason is one from B603 too, and so is what ``pyproject.toml`` says of
files.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crmapp.config import ROOT
from tests.support import apart

LOCK = ROOT / "tests" / "security" / "requirements.lock"
RULES = ROOT / "tests" / "security" / "rules"
LOOKED_AT = ("crmapp", "scripts", "wsgi.py")
PRETENDED = "crmapp/connectors/sandbox"
"""Pretend systems do as the real ones do, on this machine, with nobody's data."""
IMPORTS = "B404,B405,B406"
"""An import does nothing yet; whatever is called of it is looked at."""
NO_SECRETS = re.compile(r'"token_type": "Bearer"|"SECURITY_PASSWORD_HASH": "argon2"')
"""Words of a protocol and of a setting, which B105 takes for passwords."""


@dataclass(frozen=True)
class Finding:
    """What a scanner says of a line."""

    place: str
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule} {self.words}"


def bandit(at: Path) -> list[Finding]:
    """Return what bandit finds and nothing excuses."""
    words = ["--quiet", "--recursive", "--format", "json", "--skip", IMPORTS]
    said = _answer([str(at / "python"), "-m", "bandit", *words, *LOOKED_AT])
    found = [_of_bandit(each) for each in said["results"] if not _is_excused(each)]
    return found + [Finding(each["filename"], "unread", each["reason"]) for each in said["errors"]]


def semgrep(at: Path, paths: Sequence[str]) -> list[Finding]:
    """Return what our own rules find; nothing is sent anywhere, and nothing fetched."""
    words = ["--metrics", "off", "--disable-version-check", "--no-git-ignore", "--json", "--quiet"]
    rules = ["--config", str(RULES), "--exclude", PRETENDED, "--disable-nosem"]
    said = _answer([str(at / "semgrep"), "scan", *words, *rules, *paths])
    found = [
        Finding(
            f"{each['path']}:{each['start']['line']}",
            each["check_id"].rpartition(".")[2],
            each["extra"]["message"],
        )
        for each in said["results"]
    ]
    return found + [Finding("rules", "unread", str(each["message"])) for each in said["errors"]]


def samples(folder: Path) -> set[str]:
    """Write an example of each breach into files, and return the rules that have to find them."""
    text = (RULES / "samples.txt").read_text()
    for name, sample in re.findall(r"^== (\S+)\n(.*?)(?=^== |\Z)", text, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(sample)
    return {path.stem for path in folder.iterdir()}


def rules() -> set[str]:
    """Return the names of all rules."""
    texts = [path.read_text() for path in RULES.glob("*.yml")]
    return {name for text in texts for name in re.findall(r"^  - id: (\S+)$", text, re.MULTILINE)}


def missed(found: Sequence[Finding], expected: set[str]) -> Iterator[Finding]:
    """Yield the rules that did not find the example of what they are there for."""
    hit = {each.rule for each in found if Path(each.place.partition(":")[0]).stem == each.rule}
    for rule in sorted((expected | rules()) - hit):
        yield Finding(str(RULES.relative_to(ROOT)), rule, "does not find its example")


def _answer(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise apart.Failed(done.stderr[-2000:] or "nothing was answered") from None
    return said


def _of_bandit(said: Mapping[str, Any]) -> Finding:
    return Finding(f"{said['filename']}:{said['line_number']}", said["test_id"], said["issue_text"])


def _is_excused(said: Mapping[str, Any]) -> bool:
    number, path = f"S{said['test_id'][1:]}", said["filename"]
    if any(fnmatch.fnmatch(path, each) for each in _files().get(number, ())):
        return True
    first = min(said["line_range"]) - 1
    lines = (ROOT / path).read_text().splitlines()[first : max(said["line_range"])]
    if said["test_id"] == "B105" and NO_SECRETS.search(lines[said["line_number"] - first - 1]):
        return True
    return any(re.search(rf"# noqa: [\w, ]*{number}\b\W+\w", line) for line in lines)


@cache
def _files() -> dict[str, list[str]]:
    """Return rule → the files that ruff may find it in, as ``pyproject.toml`` says with reasons."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: dict[str, list[str]] = {}
    for glob, numbers in settings["tool"]["ruff"]["lint"]["per-file-ignores"].items():
        names = re.fullmatch(r"(.*)\{(.*)\}(.*)", glob)
        parts = [f"{names[1]}{name}{names[3]}" for name in names[2].split(",")] if names else [glob]
        for number in numbers:
            found.setdefault(number, []).extend(part.replace("**", "*") for part in parts)
    return found


def main() -> int:
    """Say what was found; nothing is the only good answer."""
    try:
        at = apart.installed("scanners", "CRMAPP_SCANNERS_CACHE", LOCK)
        with tempfile.TemporaryDirectory() as name:
            expected = samples(Path(name))
            with ThreadPoolExecutor() as both:
                aside = both.submit(bandit, at)
                found = semgrep(at, [*LOOKED_AT, name])
                ours = [each for each in found if not each.place.startswith(name)]
                ours += [*missed(found, expected), *aside.result()]
    except apart.Failed as reason:
        print(f"The scanners could not be used. Check the network and run again.\n{reason}")  # noqa: T201 - for whoever runs the tests
        return 1
    for each in ours:
        print(each)  # noqa: T201 - as above
    print(f"bandit and {len(rules())} rules of semgrep: {len(ours)} findings")  # noqa: T201 - as above
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
