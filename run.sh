#!/usr/bin/env bash
# crmapp's commands: ./run.sh up | test | bench | soak | <any crmapp command>. Runs on bash 3.2 and later.
set -eu
cd "$(dirname "$0")"

VENV=.venv
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

fail() {
    printf 'crmapp: %s\n' "$*" >&2
    exit 1
}

usage() {
    cat <<'TEXT'
./run.sh up       install what is needed, then start crmapp (stop it with Ctrl-C)
./run.sh test     check everything: format, lint, types, tests on SQLite and PostgreSQL, browser
./run.sh lock     make the lock files anew (needs uv)
./run.sh bench …  measure it against hand-written code, and print one table (see bench/README.md)
./run.sh soak …   kill it for long, and send it bad requests (see CONTRIBUTING.md)
./run.sh …        any other crmapp command, such as `./run.sh doctor`
TEXT
}

# --- Python and what it needs -------------------------------------------------------------------

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
    for name in "${PYTHON:-}" python3.13 python3.12 python3.14 python3.11 python3 python; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
        is_supported "$name" && { command -v "$name"; return; }
    done
    fail "needs Python 3.11 to 3.14, and found none. Install it (Debian: apt install python3" \
        "python3-venv; macOS: brew install python@3.13), or set PYTHON to its path."
}

# An environment that was interrupted while it was made has a Python, but no pip that works.
is_usable() {
    [ -x "$VENV/bin/python" ] && is_supported "$VENV/bin/python" || return 1
    [ -f "$VENV/.installed-requirements.lock" ] ||
        "$VENV/bin/python" -m pip --version >/dev/null 2>&1
}

# A full disk leaves no word about itself behind: whoever fails on one cannot write it down.
fail_if_full() {
    if grep -qi 'no space left' "$1" 2>/dev/null || [ "$(df -Pk . | awk 'END { print $4 }')" -lt 20000 ]; then
        fail "the disk is full. Free some space and start again: it goes on where it stopped."
    fi
}

make_venv() {
    is_usable && return
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python lacks its venv module. Debian: apt install python3-venv."
    [ -w . ] || fail "cannot write in $PWD. Put crmapp where you may write."
    printf 'Making %s with %s\n' "$VENV" "$("$python" --version)"
    if ! "$python" -m venv --clear "$VENV" >"$VENV.log" 2>&1; then
        fail_if_full "$VENV.log"
        fail "could not make $VENV: $(tail -n 1 "$VENV.log")"
    fi
    rm -f "$VENV.log"
}

checksum() { cksum "$@" | cksum; }

# Install a lock file unless it is what the environment already has. The mark is written last, so an
# interrupted installation goes on at the next start.
install_lock() {
    mark="$VENV/.installed-$1"
    wanted=$(checksum "$1")
    [ -f "$mark" ] && [ "$(cat "$mark")" = "$wanted" ] && return
    [ -w "$VENV" ] || fail "cannot write in $PWD/$VENV. Put crmapp where you may write."
    printf 'Installing what %s lists\n' "$1"
    log="$VENV/install.log"
    if ! "$VENV/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$1" >"$log" 2>&1; then
        fail_if_full "$log"
        if grep -qiE 'connection|resolve|network|timed out|proxy|no matching distribution' "$log"; then
            fail "could not download the packages. Check the network and start again (see $log)."
        fi
        fail "could not install: $(grep -iE 'error' "$log" | tail -n 1) (see $log)"
    fi
    printf '%s\n' "$wanted" >"$mark"
}

compile_translations() {
    newest=$(ls -t crmapp/translations/*/LC_MESSAGES/messages.* 2>/dev/null | head -n 1)
    case "$newest" in
        *.po) "$VENV/bin/python" scripts/compile_translations.py ;;
    esac
}

prepare() {
    make_venv
    install_lock requirements.lock
    compile_translations
}

# --- Commands -----------------------------------------------------------------------------------

lock() {
    command -v uv >/dev/null 2>&1 || fail "needs uv to make lock files."
    set -- --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
    uv pip compile "$@" pyproject.toml -o requirements.lock
    uv pip compile "$@" pyproject.toml --group test -o requirements-test.lock
    uv pip compile "$@" tests/tryton/requirements.in -o tests/tryton/requirements.lock
    uv pip compile "$@" tests/security/requirements.in -o tests/security/requirements.lock
    uv pip compile "$@" tests/security/wapiti.in -o tests/security/wapiti.lock
}

case "${1:-}" in
    test) shift; prepare; install_lock requirements-test.lock; . scripts/test.sh ;;
    lock) lock ;;
    bench) shift; prepare; install_lock requirements-test.lock
        exec "$VENV/bin/python" -m bench "$@" ;;
    soak) shift; prepare; install_lock requirements-test.lock
        exec "$VENV/bin/python" -m soak "$@" ;;
    '' | help | -h | --help) usage ;;
    *) prepare; exec "$VENV/bin/python" -m crmapp "$@" ;;
esac
