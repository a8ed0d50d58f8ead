# The whole check, sourced by run.sh: prints a heading and a verdict per section, then a summary.
# With CI=true a section that cannot run is a failure. Tests run in an order drawn from the commit,
# so that it can be had again and the next commit has another, or from CRMAPP_TEST_SEED.

RESULTS=""
FAILED=0
SKIPPED=0
PASSED=0
LOG=$(mktemp -d "${TMPDIR:-/tmp}/crmapp-test.XXXXXX")
trap 'rm -rf "$LOG"' EXIT
BIN="$PWD/$VENV/bin"
SEED=${CRMAPP_TEST_SEED:-$(printf '%d' "0x$(git rev-parse --short=7 HEAD 2>/dev/null || echo 0)")}
TESTS=("$BIN/pytest" -q "--randomly-seed=$SEED")

verdict() { RESULTS="$RESULTS$(printf '%-9s %s' "$1" "$2")
"; }

section() {
    title=$1
    shift
    printf '\n=== %s\n' "$title"
    started=$(date +%s)
    if "$@" 2>&1 | tee "$LOG/section"; [ "${PIPESTATUS[0]}" = 0 ]; then
        verdict ok "$title ($(($(date +%s) - started)) s)"
    else
        FAILED=$((FAILED + 1))
        verdict FAILED "$title ($(($(date +%s) - started)) s)"
        grep -E "^(FAILED|ERROR) " "$LOG/section" >>"$LOG/failed" || true
    fi
    PASSED=$((PASSED + $(counted passed)))
    SKIPPED=$((SKIPPED + $(counted skipped)))
}

# Add up how many tests had an outcome from the closing lines of the section's pytests.
counted() {
    sed -nE "s/^(.*[ ,])?([0-9]+) $1.* in [0-9.]+s.*/\2/p" "$LOG/section" | awk '{n += $1} END {print n + 0}'
}

skip() {
    printf '\n=== %s\nskipped: %s\n' "$1" "$2"
    verdict skipped "$1: $2"
    SKIPPED=$((SKIPPED + 1))
}

# --- What the tests need beside Python packages -------------------------------------------------

apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || return 1
        sudo="sudo -n"
    fi
    printf 'Installing %s\n' "$*"
    $sudo apt-get update -qq >"$LOG/apt" 2>&1 || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >>"$LOG/apt" 2>&1 || { tail -n 3 "$LOG/apt"; return 1; }
}

find_chromium() {
    for name in "${CRMAPP_TEST_CHROMIUM:-}" chromium-headless-shell chromium chromium-browser \
        google-chrome \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        [ -n "$name" ] && command -v "$name" && return
    done
    return 1
}

has_mariadb() { "$BIN/python" -c 'from tests.support.mariadb import binary; binary()' 2>/dev/null; }
has_postgres() { "$BIN/python" -c 'from tests.support.postgres import binaries; binaries()' 2>/dev/null; }

# --- The sections -------------------------------------------------------------------------------

translations() {
    "$BIN/python" scripts/compile_translations.py && "$BIN/pytest" -q tests/house/test_translations.py
}

# On the second database only what meets one at all.
unit_tests() {
    CRMAPP_TEST_DB=$1 "${TESTS[@]}" -n 2 --dist loadfile -m "$2" \
        --ignore=tests/browser --ignore=tests/faults
}

# Faults are mostly waited for, so all databases suffer at the same time.
faults() {
    pids=""
    trap 'kill $pids' INT TERM
    for database in "$@"; do
        CRMAPP_TEST_DB=$database "${TESTS[@]}" tests/faults >"$LOG/faults-$database" 2>&1 &
        pids="$pids $!"
    done
    failed=0
    for pid in $pids; do wait "$pid" || failed=1; done
    for database in "$@"; do printf '\n--- %s\n' "$database"; cat "$LOG/faults-$database"; done
    return $failed
}

section "Format" "$BIN/ruff" format --check .
section "Lint" "$BIN/ruff" check .
section "Import laws" "$BIN/lint-imports"
section "Types" "$BIN/mypy"
section "Templates" "$BIN/djlint" --lint --quiet crmapp/templates
section "Translations" translations
section "Scanners" "$BIN/python" -m tests.security.scanners

# Both are also databases of other systems, which the tests on SQLite read from.
has_postgres || apt_install postgresql || true
has_mariadb || apt_install mariadb-server || true
# Before the tests, which run side by side and would all wait for it.
section "Tryton for the tests" "$BIN/python" -m tests.support.tryton
section "Tests on SQLite" unit_tests sqlite ""

if has_postgres; then
    section "Tests on PostgreSQL" unit_tests postgres database
    databases="sqlite postgres"
else
    skip "Tests on PostgreSQL" \
        "no server found. Debian: apt install postgresql; macOS: brew install postgresql@17."
    databases="sqlite"
fi

if CRMAPP_TEST_CHROMIUM=$(find_chromium) ||
    { { apt_install chromium-headless-shell fonts-dejavu-core ||
        apt_install chromium fonts-dejavu-core; } && CRMAPP_TEST_CHROMIUM=$(find_chromium); }; then
    export CRMAPP_TEST_CHROMIUM
    section "Browser stories" "${TESTS[@]}" -n 2 --dist loadfile tests/browser
else
    skip "Browser stories" \
        "no Chromium found. Debian: apt install chromium; macOS: brew install --cask chromium."
fi

section "Faults on $databases" faults $databases

printf '\n=== Summary\n%s' "$RESULTS"
[ ! -s "$LOG/failed" ] || cat "$LOG/failed"
[ "${CI:-}" = true ] && FAILED=$((FAILED + SKIPPED))
printf '%s passed, %s of the sections failed, %s skipped in %s s, CRMAPP_TEST_SEED=%s\n' \
    "$PASSED" "$FAILED" "$SKIPPED" "$SECONDS" "$SEED"
[ "$FAILED" = 0 ]
