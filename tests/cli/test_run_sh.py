"""``run.sh`` on machines that lack something: one clear line each."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crmapp.config import ROOT

TOOLS = ("bash", "dirname", "cksum", "cat", "ls", "head", "tail", "grep", "rm", "sed", "df", "awk")
ANSWERS_CHECKS = 'case "$2" in *version_info*) exit 0 ;; *ensurepip*) exit 1 ;; esac'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A bare clone: only what the first steps read."""
    folder = tmp_path / "clone"
    (folder / "crmapp").mkdir(parents=True)
    for name in ("run.sh", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A path with the usual tools, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def run(clone, tools, **env):
    return subprocess.run(
        ["bash", clone / "run.sh", "doctor"],
        env={"PATH": str(tools), "HOME": str(clone), "TMPDIR": str(clone.parent), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pretend(tools, name, script):
    path = tools / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{script}\n")
    path.chmod(0o755)


def one_line(answer):
    assert answer.returncode == 1
    lines = answer.stderr.splitlines()
    assert len(lines) == 1, answer.stderr
    return lines[0]


@pytest.fixture
def with_python(tools):
    (tools / "python3").symlink_to(sys.executable)
    return tools


def test_without_python_it_says_what_to_install(clone, tools):
    assert "needs Python 3.11 to 3.14" in one_line(run(clone, tools))


def test_an_old_python_is_passed_over(clone, tools):
    pretend(tools, "python3", "exit 1")

    assert "needs Python 3.11 to 3.14" in one_line(run(clone, tools))


def test_without_the_venv_module_it_says_what_to_install(clone, tools):
    pretend(tools, "python3", ANSWERS_CHECKS)

    assert "apt install python3-venv" in one_line(run(clone, tools))


def test_without_a_network_it_says_so_and_keeps_what_it_has(clone, with_python):
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0"}

    answer = run(clone, with_python, **closed)

    assert "Check the network" in one_line(answer)
    assert (clone / ".venv" / "bin" / "python").exists()
    assert not (clone / ".venv" / ".installed-requirements.lock").exists()


@pytest.mark.parametrize("free", [0, 10**7])
def test_a_full_disk_is_told_even_if_nothing_could_be_written_about_it(clone, tools, free):
    pretend(tools, "python3", 'case "$*" in *--clear*) exit 1 ;; esac')
    pretend(tools, "df", f'echo "tmpfs 12288 12288 {free} 100% /"')

    assert ("the disk is full" in one_line(run(clone, tools))) is (free == 0)


def test_what_is_installed_is_not_installed_again(clone, tools):
    binaries = clone / ".venv" / "bin"
    binaries.mkdir(parents=True)
    pretend(binaries, "python", 'case "$*" in *pip*) exit 9 ;; *crmapp*) echo "$@" ;; esac')
    mark = subprocess.run(
        "cksum requirements.lock | cksum", shell=True, cwd=clone, capture_output=True, check=True
    )
    (clone / ".venv" / ".installed-requirements.lock").write_bytes(mark.stdout)

    answer = run(clone, tools)

    assert (answer.returncode, answer.stdout) == (0, "-m crmapp doctor\n")


def test_the_commands_may_be_run():
    for name in ("run.sh", ".ci/run"):
        assert (ROOT / name).stat().st_mode & stat.S_IXUSR
    assert "./run.sh test" in (ROOT / ".ci" / "run").read_text()
