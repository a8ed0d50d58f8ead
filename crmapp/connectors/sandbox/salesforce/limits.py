"""How much may be asked: the day's quota, the header that counts it, and ``/limits``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmapp.connectors.sandbox.salesforce.database import DAILY_LIMIT, Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError

HEADER = "Sforce-Limit-Info"
_OTHERS = {
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyAsyncApexExecutions": 250_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 75,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyODataCallout": 1_000,
    "HourlySyncReportRuns": 500,
    "MassEmail": 10,
    "SingleEmail": 15,
}


class Quota:
    """The day's quota of one org."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.limit = int(database.meta("daily_limit", DAILY_LIMIT))

    def change(self, limit: int | None, used: int | None, now: datetime) -> dict[str, int]:
        if limit is not None:
            self.limit = limit
            self._database.keep("daily_limit", limit)
        if used is not None:
            self._database.use(used, now)
        return {"limit": self.limit, "used": self._database.calls(now)}

    def spend(self, now: datetime) -> str:
        """Count a call, and return what the header says of it.

        Raises:
            ApiError: the day's calls are used up.
        """
        if self._database.calls(now) >= self.limit:
            raise exceeded()
        return f"api-usage={self._database.count_call(now)}/{self.limit}"

    def header(self, now: datetime) -> str:
        return f"api-usage={self._database.calls(now)}/{self.limit}"

    def shown(self, now: datetime) -> dict[str, Any]:
        left = max(0, self.limit - self._database.calls(now))
        limits = {"DailyApiRequests": {"Max": self.limit, "Remaining": left}}
        return limits | {name: {"Max": most, "Remaining": most} for name, most in _OTHERS.items()}


def exceeded() -> ApiError:
    return ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
