import pytest
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import RedisStorage

from crmapp.web.extensions import limiter_config


@pytest.mark.parametrize(
    "url, store",
    [
        (None, "memory://"),
        ("redis://localhost:6379/1", "redis://localhost:6379/1"),
        ("unix:///tmp/valkey.sock", "redis+unix:///tmp/valkey.sock"),
        ("unix:///tmp/valkey.sock?db=1", "redis+unix:///tmp/valkey.sock?db=1"),
    ],
)
def test_limits_are_counted_where_the_queue_is(url, store):
    assert limiter_config(url)["RATELIMIT_STORAGE_URI"] == store


def test_a_queue_server_that_is_away_is_tried_once_and_briefly():
    app = Flask("away")
    app.config.update(limiter_config("redis://127.0.0.1:1/0"))
    limiter = Limiter(get_remote_address, app=app)

    assert isinstance(limiter.storage, RedisStorage)
    options = limiter.storage.storage.connection_pool.connection_kwargs
    assert options["socket_connect_timeout"] == 1.0
    assert options["socket_timeout"] == 1.0
    assert options["retry"].get_retries() == 0


def test_limits_hold_while_the_queue_server_is_away():
    app = Flask("away")
    app.config.update(limiter_config("redis://127.0.0.1:1/0"))
    limiter = Limiter(get_remote_address, app=app)
    app.add_url_rule("/", "home", limiter.limit("2 per minute")(lambda: "ok"))
    client = app.test_client()

    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]
