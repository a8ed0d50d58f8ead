"""Files of a source are read once each, by what they hold, as texts, and from where it was left."""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crmapp import config
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Check
from crmapp.connectors.stores.port import StoredFile
from crmapp.db import session, unit_of_work
from crmapp.errors import NotFound, TableError
from crmapp.models import FeedFile, FeedSource
from crmapp.services import feed_files, feed_sources
from crmapp.services.feed_checks import Wanted
from crmapp.services.feed_files import FilesOrigin
from crmapp.services.feed_readers import SourceReader, Told

HEAD = "no;name;opened\n"
MONDAY = datetime(2026, 6, 15, tzinfo=UTC)


@dataclass(frozen=True)
class File(StoredFile):
    content: bytes = field(repr=False)


@dataclass
class Shelf:
    """A store of files in memory, which counts what is fetched."""

    held: dict[str, File] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def put(self, name, text, encoding="utf-8"):
        modified = MONDAY + timedelta(minutes=len(self.held))
        self.held[name] = File(name, len(text), modified, f"{modified}", text.encode(encoding))

    def check(self):
        return Check("shelf", "", "")

    def files(self):
        return list(self.held.values())

    def fetch(self, name, to):
        self.fetched.append(name)
        to.write_bytes(self.held[name].content)
        return hashlib.sha256(self.held[name].content).hexdigest()


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def source(make):
    source = FeedSource(name="Files", kind="folder", object="files", key_column="no")
    with unit_of_work():
        session.add(source)
    return source.id


@pytest.fixture
def reader(app, shelf, source, tmp_path):
    """Return a function that opens the source anew, as it is set."""

    def opened(**values):
        told = Told(source, "folder", {"contents": "each", **values}, key_column="no")
        folder = tmp_path / f"fetched-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        origin = FilesOrigin(shelf, told, "/erp/*.csv", folder, feed_files.taken(source))
        return SourceReader(origin, told, (f"feed:{source}", "files"))

    return opened


def keys(pages):
    return [key for page in pages for key, _cells in page.rows]


def read(source, reader, cursor=None):
    """Read to the end, as a feed does: note the files and return the keys and the next cursor."""
    pages = list(reader.read(cursor))
    with unit_of_work():
        last = pages[-1].cursor if pages else cursor
        kept = feed_sources.finish(source, last, None)
    return keys(pages), kept


def test_each_file_is_read_once_whatever_it_is_called(shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;01.02.2026\n0018;Brown;\n")
    shelf.put("b.csv", f"{HEAD}0019;Cole;\n")

    first, cursor = read(source, reader())
    shelf.put("again.csv", f"{HEAD}0019;Cole;\n")
    shelf.put("c.csv", f"{HEAD}0017;Acme Ltd;\n")
    second, cursor = read(source, reader(), cursor)

    assert first == ["0017", "0018", "0019"]
    assert second == ["0017"]
    assert read(source, reader(), cursor)[0] == []
    assert [file.outcome["rows"] for file in feed_sources.files_of(source)] == [1, 1, 2]


def test_the_error_of_a_formula_is_no_key(shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}#N/A;Acme;\n#REF!;Brown;\n0019;Cole;\n")

    assert read(source, reader())[0] == ["", "", "0019"]


def test_what_is_known_by_its_mark_is_not_fetched_again(shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;\n")
    read(source, reader())
    shelf.fetched.clear()
    read(source, reader(), {"files": []})
    shelf.put("b.csv", f"{HEAD}0018;Brown;\n")

    read(source, reader(), {"files": []})

    assert shelf.fetched == ["b.csv"]


def test_what_was_read_before_can_be_looked_at(shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;\n")
    read(source, reader())

    assert [row["no"] for row in reader().begin(10)] == ["0017"]
    assert [column.samples for column in reader().columns()] == [("0017",), ("Acme",), ()]


def test_every_cell_is_text(shelf, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;01.02.2026\n")

    (page, _end) = reader().read()

    assert page.rows == [("0017", {"no": "0017", "name": "Acme", "opened": "01.02.2026"})]


def test_a_reading_goes_on_in_the_middle_of_a_file(shelf, source, reader, monkeypatch):
    monkeypatch.setattr(feed_files, "PAGE", 2)
    shelf.put("a.csv", HEAD + "".join(f"{number};Customer;\n" for number in range(5)))
    shelf.put("b.csv", f"{HEAD}9;Last;\n")
    whole = list(reader().read())

    for place, page in enumerate(whole):
        rest = list(reader().read(page.cursor))
        assert keys(whole[: place + 1]) + keys(rest) == ["0", "1", "2", "3", "4", "9"]


def test_of_files_that_hold_everything_the_newest_is_read(shelf, source, reader):
    shelf.put("old.csv", f"{HEAD}0017;Acme;\n0018;Brown;\n")
    shelf.put("new.csv", f"{HEAD}0017;Acme;\n")

    found, cursor = read(source, reader(contents="newest"))

    assert found == ["0017"]
    assert read(source, reader(contents="newest"), cursor)[0] == []
    assert read(source, reader(contents="newest"))[0] == ["0017"]
    assert [key for page in reader(contents="newest").read_ids() for key in page] == ["0017"]
    assert reader(contents="newest").deletions
    assert not reader().deletions


def test_a_whole_reading_that_was_left_is_gone_on_with(shelf, source, reader, monkeypatch):
    monkeypatch.setattr(feed_files, "PAGE", 1)
    shelf.put("all.csv", f"{HEAD}1;Acme;\n2;Brown;\n")
    read(source, reader(contents="newest"))
    first = next(reader(contents="newest").read())

    assert keys(reader(contents="newest").read(first.cursor)) == ["2"]


def test_a_broken_row_has_no_key(shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;\n0018;Brown;;too;many\n")

    pages = list(reader().read())

    assert keys(pages) == ["0017", ""]
    assert pages[-1].cursor["files"][0]["outcome"] == {"rows": 2, "broken": 1}


def test_a_file_without_the_key_is_named_with_what_it_lacks(shelf, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;\n")
    shelf.put("b.csv", "name;city\nBrown;Lyon\n")

    with pytest.raises(TableError, match="b.csv: .* not in the table: no"):
        list(reader().read())


def test_a_file_that_is_no_table_is_named(shelf, reader):
    shelf.put("a.csv", "\n\n")

    with pytest.raises(TableError, match="a.csv: "):
        list(reader().read())


def test_as_long_as_there_is_no_file_nothing_is_read(reader):
    assert list(reader().read()) == []
    assert reader().columns() == []


def test_a_test_without_a_file_says_where_it_looked(shelf, source, tmp_path):
    origin = FilesOrigin(
        shelf, Told(source, "folder", {}), "/erp/*.csv", tmp_path, feed_files.Taken()
    )

    with pytest.raises(ConfigBroken, match=r"/erp/\*\.csv"):
        origin.check()


@pytest.mark.parametrize(
    "values, text, encoding",
    [
        ({"encoding": "windows-1252"}, "no;name\n1;Café\n", "windows-1252"),
        ({"delimiter": "tab"}, "no\tname\n1\tCafé\n", "utf-8"),
        ({"header": "yes"}, "no;name\n1;Café\n", "utf-8"),
    ],
)
def test_a_file_is_read_as_is_set(shelf, reader, values, text, encoding):
    shelf.put("a.csv", text, encoding)

    (page, _end) = reader(**values).read()

    assert page.rows == [("1", {"no": "1", "name": "Café"})]


def test_what_a_killed_process_fetched_is_deleted(settings, monkeypatch):
    left = settings.home / "fetched" / "left"
    left.mkdir(parents=True)

    with feed_files.fetching() as folder:
        assert left.exists()
        assert folder.parent == left.parent
    monkeypatch.setattr(feed_files, "_LEFT_BEHIND", -1)
    with feed_files.fetching():
        assert not left.exists()
    assert not folder.exists()


def test_a_file_is_read_again_on_demand(make, shelf, source, reader):
    shelf.put("a.csv", f"{HEAD}0017;Acme;\n")
    _, cursor = read(source, reader())
    (file,) = feed_sources.files_of(source)

    feed_sources.read_again(source, file.id, by=make.alice)

    assert read(source, reader(), cursor)[0] == ["0017"]
    with pytest.raises(NotFound):
        feed_sources.read_again(source + 1, file.id, by=make.alice)


def test_a_file_is_noted_once(source):
    file = {"name": "a.csv", "mark": "1", "sha256": "x", "outcome": {"rows": 1, "broken": 0}}
    for mark in ("1", "2"):
        with unit_of_work():
            feed_files.keep(source, {"files": [{**file, "mark": mark}]}, None)

    (kept,) = session.query(FeedFile)
    assert kept.mark == "2"


@pytest.fixture
def drop(settings, tmp_path):
    """A folder that the operator lets sources read, and a file in it from some time ago."""
    folder = tmp_path / "drop"
    folder.mkdir()
    config.use(replace(settings, source_folders=(folder,)))
    file = folder / "customers.csv"
    file.write_text(f"{HEAD}0017;Acme;\n")
    os.utime(file, (0, 0))
    yield folder
    config.use(settings)


def test_a_folder_is_read_from_test_to_feed(make, drop):
    typed = {"folder": str(drop), "pattern": "*.csv", "contents": "each"}
    wanted = Wanted("Drop", typed, key_column="no", company="US")
    found = feed_sources.check("folder", wanted, by=make.alice)
    source_id = feed_sources.add("folder", wanted, found, by=make.alice)

    with feed_sources.opened(source_id) as reader:
        pages = list(reader.read())
    with unit_of_work():
        feed_sources.finish(source_id, pages[-1].cursor, None)
    with feed_sources.opened(source_id) as reader:
        again = list(reader.read())

    assert found.sample.rows == [["0017", "Acme", ""]]
    assert (keys(pages), again) == (["0017"], [])
    assert feed_sources.preview(make.again(FeedSource, source_id), by=make.alice).rows


@pytest.mark.parametrize(
    "folder, kind", [("/etc", "instance"), ("{drop}/none", "field"), ("{drop}", "field")]
)
def test_a_folder_that_cannot_be_read_says_why(make, drop, folder, kind):
    typed = {"folder": folder.format(drop=drop), "pattern": "*.xlsx", "contents": "each"}

    found = feed_sources.check("folder", Wanted("Drop", typed), by=make.alice)

    assert found.problem.kind == kind


@pytest.fixture
def bucket(settings):
    """What is set for a bucket of a service on this machine, which holds one file."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    config.use(replace(settings, source_hosts=("127.0.0.1",)))
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"access_key": "reader", "secret_key": "s3cret"}
    place = {"bucket": "erp-drop", "endpoint": f"http://{host}:{port}", "path_style": "1"}
    client = boto3.client(
        "s3", endpoint_url=place["endpoint"], region_name="us-east-1",
        aws_access_key_id="reader", aws_secret_access_key="s3cret",
    )  # fmt: skip
    client.create_bucket(Bucket="erp-drop")
    client.put_object(Bucket="erp-drop", Key="out/a.csv", Body=f"{HEAD}0017;Acme;\n".encode())
    client.close()
    yield {**place, **keys, "prefix": "out/", "contents": "each"}
    server.stop()
    config.use(settings)


def test_a_bucket_is_read_and_its_secret_is_sealed(make, bucket):
    wanted = Wanted("Bucket", bucket, key_column="no")
    found = feed_sources.check("bucket", wanted, by=make.alice)
    assert found.problem is None, found.problem
    source_id = feed_sources.add("bucket", wanted, found, by=make.alice)

    with feed_sources.opened(source_id) as reader:
        assert keys(reader.read()) == ["0017"]

    source = make.again(FeedSource, source_id)
    assert "s3cret" not in str(source.settings)
    assert feed_sources.secrets_of(source) == {"secret_key"}


def test_a_bucket_that_is_not_there_is_named(make, bucket):
    wanted = Wanted("Bucket", {**bucket, "bucket": "nowhere"})

    found = feed_sources.check("bucket", wanted, by=make.alice)

    assert found.problem.kind == "field"
    assert "nowhere" in str(found.problem.sentence)
