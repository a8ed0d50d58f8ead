"""Datasets of the installation: listed, checked, refreshed, opened."""

from datetime import UTC, datetime

import pytest

from crmapp import config
from crmapp.analytics import snapshots
from crmapp.analytics.query import Question
from crmapp.config import Settings
from crmapp.errors import DatasetError, NotFound
from crmapp.services import datasets
from tests.analytics.conftest import SHOP, SOLD

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Elsewhere(Settings):
    """Settings whose datasets lie in the home folder."""

    @property
    def datasets_dir(self):
        return self.home / "datasets"


@pytest.fixture
def shop(settings):
    """A folder of datasets with one in it."""
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    folder = config.use(Elsewhere(**values)).datasets_dir
    folder.mkdir()
    (folder / "shop.yml").write_text(SHOP)
    (folder / "sold.csv").write_text(SOLD)
    yield folder
    config.use(settings)


def refresh(hour=0):
    return datasets.refresh("shop", lambda: NOW.replace(hour=10 + hour))


def test_a_dataset_that_was_not_refreshed_says_how(shop):
    with pytest.raises(DatasetError, match="loads it: crmapp datasets refresh shop"):
        datasets.engine_for("shop")


def test_the_newest_snapshot_answers(shop):
    refresh()
    built = refresh(hour=1)

    assert datasets.engine_for("shop").snapshot == built.name


def test_an_engine_is_opened_once(shop):
    refresh()

    assert datasets.engine_for("shop") is datasets.engine_for("shop")


def test_a_snapshot_is_pinned_by_its_name(shop):
    old = refresh()
    refresh(hour=1)

    assert datasets.engine_for("shop", old.name).snapshot == old.name


def test_what_an_unfinished_run_reads_is_kept(shop, make):
    pinned, forgotten = refresh().name, refresh(hour=1).name
    make.run(source={"snapshot": pinned}, status="planned", by_id=make.alice.id)
    for hour in (2, 3):
        refresh(hour)

    assert pinned in snapshots.names(config.settings().snapshots_dir / "shop")
    with pytest.raises(NotFound):
        datasets.engine_for("shop", forgotten)


def test_a_dataset_that_cannot_be_used_does_not_hide_the_others(shop):
    (shop / "broken.yml").write_text("name: [")
    refresh()

    broken, good = datasets.listed()

    assert (broken.name, broken.dataset, good.problem) == ("broken", None, None)
    assert str(broken.problem).startswith("broken.yml:1: not YAML")
    assert good.snapshot.startswith("shop-2026")


@pytest.mark.parametrize("name", ["nothing", "../shop", "", "shop.yml", "x\0y", "s" * 300])
def test_a_dataset_that_is_not_there_is_not_found(shop, name):
    for use in (datasets.get, datasets.refresh, datasets.engine_for):
        with pytest.raises(NotFound):
            use(name)


def test_a_dataset_file_is_checked_against_its_tables(shop):
    (shop / "shop.yml").write_text(SHOP.replace("sql: phone", "sql: fax"))

    with pytest.raises(DatasetError, match=r"shop.yml:15: sold.csv has no column 'fax'"):
        datasets.check(shop / "shop.yml")


def test_a_refresh_that_fails_leaves_the_grid_as_it_was(shop):
    before = refresh()
    (shop / "sold.csv").write_text("day\n")

    with pytest.raises(DatasetError):
        refresh(hour=1)

    engine = datasets.engine_for("shop")
    assert engine.snapshot == before.name
    assert engine.count(Question.from_args(engine.dataset, "buyers", {})) == 2


def test_the_demo_is_a_dataset_of_every_installation(app):
    assert [one.name for one in datasets.listed()] == ["sales", "superstore"]
    assert datasets.get("sales").accounts == "customers"
