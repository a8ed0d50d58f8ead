"""The doorbell: hand work to RQ once the transaction has committed.

The database row is the truth about work; a message that is lost costs a few seconds, until the
sweeper rings again. So nothing here raises when the queue is away.
"""

from __future__ import annotations

import logging
import secrets
import threading
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from crmapp.config import settings
from crmapp.db import after_commit

QUEUE = "crmapp"
JOBS = {
    "runs.work": "crmapp.jobs.runs.work",
    "mails.deliver": "crmapp.jobs.mails.deliver",
    "mails.collect": "crmapp.jobs.mails.collect",
    "webhooks.deliver": "crmapp.jobs.webhooks.deliver",
}
log = logging.getLogger(__name__)


def redis_client(*, patient: bool = False) -> Redis:
    """Connect to the queue's server.

    A web request gives up after one second and never retries; a ``patient`` client (a worker) may
    block on the queue.
    """
    url = settings().redis_url
    if url is None:
        raise RedisError("no REDIS_URL: `crmapp up` starts the embedded server and sets it")
    if patient:
        return Redis.from_url(url, health_check_interval=15)
    return Redis.from_url(
        url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )


def later(job: str, **arguments: Any) -> None:
    """Put ``job`` on the queue when the unit of work around the caller has committed.

    ``arguments`` are plain values, ids above all.
    """
    after_commit(lambda: ring(job, **arguments))


def ring(job: str, **arguments: Any) -> bool:
    """Put ``job`` on the queue now; say whether the queue took it."""
    try:
        with redis_client() as client:
            _queue(client).enqueue(
                JOBS[job],
                kwargs=arguments,
                job_id=f"{bell(job, **arguments)}-{secrets.token_hex(6)}",
                job_timeout=-1,
                result_ttl=0,
                failure_ttl=3600,
            )
    except RedisError as error:
        log.warning("queue away, the sweeper will ring: %s", error)
        return False
    return True


def bell(job: str, **arguments: Any) -> str:
    """Return the name that all bells for this job with these ids share."""
    return "-".join([job.replace(".", "-"), *map(str, arguments.values())])


def unheard() -> set[str]:
    """Return the names of the bells that wait on the queue; none if it is away."""
    try:
        with redis_client() as client:
            return {job_id.rpartition("-")[0] for job_id in _queue(client).get_job_ids()}
    except RedisError:
        return set()


def waiting() -> int:
    """Return how many jobs wait on the queue.

    Raises:
        RedisError: it is away.
    """
    with redis_client() as client:
        return _queue(client).count


def _queue(client: Redis) -> Queue:
    return Queue(QUEUE, connection=client, serializer=JSONSerializer)


_leaving = threading.Event()


def leave_soon() -> None:
    """Ask the run at work in this process to leave its slice after the present chunk."""
    _leaving.set()


def leaving() -> bool:
    """Say whether this process was asked to leave: work between two chunks looks at it."""
    return _leaving.is_set()
