"""Snapshots are built apart, swapped at once, never changed, and kept while somebody needs them."""

import multiprocessing
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crmapp.analytics import snapshots
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.analytics.query import Question, Selection
from crmapp.errors import DatasetError, NotFound, Unavailable
from tests.analytics.conftest import NOW, SHOP, SOLD

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def shop(workbench):
    workbench.write(SHOP, sold=SOLD)
    return workbench


def answer(engine, dimension="buyers", **args):
    return engine.answer(Question.from_args(engine.dataset, dimension, args))


def test_a_snapshot_knows_its_clock_and_its_facts(shop):
    found = shop.refresh()

    assert found.name.startswith("shop-20261122T100000Z-")
    assert (found.today, found.through) == (date(2026, 11, 22), date(2026, 10, 20))
    assert found.lines == 6
    assert snapshots.current(shop.snapshots) == found.name


def test_facts_of_the_future_do_not_move_the_year(shop):
    (shop.folder / "sold.csv").write_text(SOLD + "2031-01-01,a1,Ann,1,North,9,1.00,1\n")

    assert shop.refresh().through == date(2026, 11, 22)


def test_a_shift_moves_the_last_full_month_to_last_month(workbench):
    workbench.write(SHOP.replace("  day: day", "  day: day\n  shift: last_full_month"), sold=SOLD)

    first = workbench.refresh(datetime(2030, 3, 15, tzinfo=UTC))
    second = workbench.refresh(datetime(2030, 4, 15, tzinfo=UTC))

    assert (first.through, second.through) == (date(2030, 3, 15), date(2030, 4, 15))


def test_a_dataset_without_facts_answers_with_nothing(workbench):
    workbench.write(
        SHOP.replace("sql: phone", "sql: CAST(phone AS VARCHAR)"),
        sold="day,code,name,phone,region,ticket,amount,pieces\n2026-10-01,a,b,c,d,1,1.0,1\n",
    )
    workbench.refresh()
    found = answer(workbench.open(DuckDBEngine), q="zebra")

    assert (found.count, found.totals["value.total"]) == (0, None)


def test_the_latest_value_of_a_property_counts_and_the_row_says_that_it_varies(shop, opener):
    shop.refresh()

    rows = {row.key: row for row in answer(shop.open(opener), activity="all").rows}

    assert rows["a1"].values["name"] == "Ann & Co"
    assert rows["a1"].varies == {"name"}
    assert rows["b2"].varies == frozenset()


def test_a_fact_without_a_key_belongs_to_the_missing_one(shop, opener):
    shop.refresh()

    rows = answer(shop.open(opener), "regions", period="total").rows

    assert {row.key for row in rows if row.missing} == {"(none)"}


def test_a_variance_counts_what_is_missing_as_nothing(shop, opener):
    shop.refresh()

    found = answer(shop.open(opener), period="ytd", measures="value,price", sort="code")

    values = {row.key: row.values for row in found.rows}
    assert values["a1"]["value.variance"] == Decimal("10.30")
    assert values["a1"]["value.percent"] is None
    assert values["b2"]["price.current"] is None
    assert values["c3"]["value.variance"] == Decimal("3.00")
    assert values["c3"]["value.percent"] == Decimal("1.0000")
    assert found.totals["value.previous"] == Decimal("-3.00")


def test_an_empty_key_is_reported(shop):
    shop.write(SHOP, sold=SOLD + "2026-10-01,,Nobody,1,North,9,1.00,1\n")

    with pytest.raises(DatasetError) as caught:
        shop.refresh()

    assert str(caught.value) == (
        "shop.yml:8: 1 lines of sold.csv have no buyers key; allowed: a key in each, or"
        " 'missing: {en: …, fr: …}' to show them as one"
    )


def test_a_fact_without_a_day_is_reported(shop):
    shop.write(SHOP, sold=SOLD + ",a1,Ann,1,North,9,1.00,1\n")

    with pytest.raises(DatasetError, match=r"shop.yml:6: 1 lines of sold.csv have no day"):
        shop.refresh()


OWN = SHOP.replace("    key: code\n    name: name\n", "    key: code\n    name: name\n"
                   "    file: buyers.csv\n    join: code\n")  # fmt: skip
BUYERS = "code,name,phone\na1,Ann,111\nb2,Bea,222\nz9,Zoe,999\n"


def test_entities_may_have_a_table_of_their_own(workbench, opener):
    workbench.write(OWN, sold=SOLD, buyers=BUYERS)
    workbench.refresh()

    found = answer(workbench.open(opener), activity="all", sort="code", period="total")

    shown = [(row.key, row.values["name"], row.values["value.total"]) for row in found.rows]
    assert shown == [
        ("a1", "Ann", Decimal("10.30")),
        ("b2", "Bea", Decimal("12.00")),
        ("c3", None, Decimal("-3.00")),
        ("d4", None, Decimal("99.99")),
        ("z9", "Zoe", None),
    ]


@pytest.mark.parametrize(
    "more, message",
    [
        ("a1,Anna,1\nb2,B,2\n", "2 keys of buyers.csv are there more than once: a1 (2 times), b2"),
        (",Nobody,1\n", "1 lines of buyers.csv have no buyers key"),
        ('" ",Nobody,1\n', "1 lines of buyers.csv have no buyers key"),
    ],
)
def test_duplicate_and_empty_keys_of_a_table_are_reported(workbench, more, message):
    workbench.write(OWN, sold=SOLD, buyers=BUYERS + more)

    with pytest.raises(DatasetError) as caught:
        workbench.refresh()

    assert str(caught.value).startswith(f"shop.yml:8: {message}")


def test_a_failed_refresh_leaves_the_current_snapshot(shop):
    before = shop.refresh()
    shop.write(SHOP, sold=SOLD + "2026-10-01,,Nobody,1,North,9,1.00,1\n")

    with pytest.raises(DatasetError):
        shop.refresh()

    assert snapshots.current(shop.snapshots) == before.name
    assert snapshots.names(shop.snapshots) == [before.name]
    assert sorted(path.name for path in shop.snapshots.iterdir()) == sorted(
        ["current", "lock", f"{before.name}.duckdb"]
    )


@pytest.mark.parametrize("table", ["", "not,a\n\0\xff", "day\n"])
def test_a_table_that_cannot_be_read_is_reported(shop, table):
    (shop.folder / "sold.csv").write_bytes(table.encode("latin-1"))

    with pytest.raises(DatasetError, match=r"shop.yml:\d+: "):
        shop.refresh()


def test_a_line_that_is_too_long_is_reported_in_words(shop):
    name = "A" * 3_000_000
    (shop.folder / "sold.csv").write_text(f'{SOLD}2026-10-01,a1,"{name}",1,N,9,1.00,1\n')

    with pytest.raises(DatasetError, match=r"cannot be .*: a line is longer than 2 MB; is a"):
        shop.refresh()


def test_a_number_that_does_not_fit_is_reported(shop):
    (shop.folder / "sold.csv").write_text(SOLD + "2026-10-01,a1,A,1,North,9,1e300,1\n")

    with pytest.raises(DatasetError, match=r"shop.yml:5: sold.csv cannot be loaded: Conversion"):
        shop.refresh()


def test_a_pinned_snapshot_goes_on_answering_as_it_was(shop, opener):
    old = shop.refresh()
    shop.write(SHOP.replace("en: Shop", "en: Store"), sold=SOLD.replace("10.10", "20.20"))
    shop.refresh(NOW + timedelta(hours=1))

    then, now = shop.open(opener, old.name), shop.open(opener)

    assert answer(then).totals["value.total"] == Decimal("15.30")
    assert answer(now).totals["value.total"] == Decimal("25.40")
    assert (then.dataset.label.en, now.dataset.label.en) == ("Shop", "Store")


def test_pruning_keeps_what_is_needed(shop):
    built = [shop.refresh(NOW + timedelta(hours=hour)).name for hour in range(5)]

    gone = snapshots.prune(shop.snapshots, keep={built[1]})

    assert gone == [built[0], built[2]]
    assert snapshots.names(shop.snapshots) == [built[1], built[3], built[4]]


def test_who_has_a_pruned_snapshot_open_reads_on(shop):
    engine = shop.open(DuckDBEngine, shop.refresh().name)
    for hour in range(1, 4):
        shop.refresh(NOW + timedelta(hours=hour))
    snapshots.prune(shop.snapshots, keep=set())

    assert answer(engine).count == 2


@pytest.mark.parametrize("name", ["shop-19700101T000000Z-00000000", "../../etc/passwd", "", "."])
def test_a_snapshot_that_is_gone_is_not_found(shop, name):
    shop.refresh()

    with pytest.raises(NotFound, match="no longer kept"):
        snapshots.path_of(shop.snapshots, name)


def test_a_question_that_takes_too_long_is_interrupted(sales_file):
    engine = DuckDBEngine(sales_file, Limits(seconds=0.000001))
    question = Question.from_args(engine.dataset, "customers", {})

    with pytest.raises(Unavailable, match="took longer than 1e-06 seconds"):
        ask_often(engine, question)


def ask_often(engine, question):
    for _ in range(200):  # the interrupt races with the answer
        engine.rows(question)


def test_a_question_that_needs_too_much_memory_is_refused(shop):
    shop.refresh()
    engine = shop.open(lambda path: DuckDBEngine(path, Limits(memory="1MB", threads=1)))

    with pytest.raises(Unavailable, match="needs more memory than 1MB"):
        answer(engine, sort="name", measures="tickets")


def test_an_engine_that_a_child_process_inherits_opens_anew(sales_file):
    engine = DuckDBEngine(sales_file)
    before = answer_count(engine)

    child = os.fork()
    if child == 0:
        os._exit(0 if answer_count(engine) == before else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert answer_count(engine) == before


def answer_count(engine):
    chosen = Selection.some("customers", ["C001", "C002"])
    return engine.count(Question.from_args(engine.dataset, "customers", {}), selection=chosen)


def read_until_stopped(folder: Path, stop, problems, started) -> None:
    """Ask the current snapshot again and again: every answer must be of one whole snapshot."""
    asked = 0
    while not stop.is_set() or not asked:
        name = snapshots.current(folder)
        try:
            engine = DuckDBEngine(snapshots.path_of(folder, name))
        except NotFound:  # it was the current one a moment ago
            continue
        question = Question.from_args(engine.dataset, "buyers", {"period": "total"})
        found = engine.answer(question)
        total = sum(row.values["value.total"] for row in found.rows)
        if total != found.totals["value.total"] or found.totals["value.total"] % 7 != 0:
            problems.put(f"{name}: {total} {found.totals}")
        asked += 1
        started.release()
    problems.put(asked)


def test_readers_in_other_processes_see_whole_snapshots_while_they_are_swapped(workbench):
    def version(number):
        amount = 7 * (number + 1)
        return SOLD.splitlines()[0] + f"\n2026-10-03,a1,Ann,1,North,1,{amount}.00,1" * 7 + "\n"

    workbench.write(SHOP, sold=version(0))
    workbench.refresh()
    stop, problems, started = SPAWN.Event(), SPAWN.Queue(), SPAWN.Semaphore(0)
    readers = [
        SPAWN.Process(
            target=read_until_stopped, args=(workbench.snapshots, stop, problems, started)
        )
        for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for minute in range(1, 7):
        assert started.acquire(timeout=60)  # somebody has read what was current
        workbench.write(SHOP, sold=version(minute))
        workbench.refresh(NOW + timedelta(minutes=minute))
        snapshots.prune(workbench.snapshots, keep=set())
    stop.set()
    answers = [problems.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(60)

    assert [reader.exitcode for reader in readers] == [0, 0, 0]
    assert all(isinstance(one, int) and one > 0 for one in answers)
