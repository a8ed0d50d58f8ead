"""Remembers in rows what another system works on for us, beyond the process that sent it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from crmapp.db import beside, utcnow
from crmapp.models import RemoteJob

KEPT_FOR = timedelta(days=7)
"""Salesforce, too, forgets a job after a week."""


class RowJobs:
    """The :class:`crmapp.connectors.salesforce.bulk.Jobs` of this installation, for any thread.

    What it keeps is committed at once, beside whatever the caller's session does: a job that was
    begun there goes on whether or not the caller's transaction is carried out.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, batch: str) -> str | None:
        young = RemoteJob.at > utcnow() - KEPT_FOR
        with self._engine.connect() as connection:
            query = select(RemoteJob.job).where(RemoteJob.batch == batch, young)
            return connection.execute(query).scalar()

    def keep(self, batch: str, job: str | None) -> None:
        """Keep the job of a batch, or that it is over, and forget what is older of its object.

        A later job may have written the same records with other values. If the earlier rows are
        given once more after that, they must be sent, and not be taken as written long ago.
        """
        object, _colon, _mark = batch.rpartition(":")
        of_object = RemoteJob.batch.startswith(f"{object}:", autoescape=True)
        old = or_(of_object, RemoteJob.at <= utcnow() - KEPT_FOR)
        # Whoever sends the same rows at the same moment keeps a job that is as good as ours.
        with suppress(IntegrityError), beside(self._engine) as connection:
            connection.execute(delete(RemoteJob).where(old))
            if job is not None:
                connection.execute(insert(RemoteJob).values(batch=batch, job=job, at=utcnow()))
