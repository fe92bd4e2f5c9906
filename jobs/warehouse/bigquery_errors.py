"""What to do about a failure of BigQuery, in words for whoever is on call."""

from collections.abc import Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager

from google.api_core.exceptions import (
    DeadlineExceeded,
    GoogleAPICallError,
    RetryError,
)
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import ConnectionError as NoConnectionError
from requests.exceptions import Timeout

from jobs.warehouse.protocol import WarehouseError

#: BigQuery's reason for a failure, and what helps.
_ADVICE = {
    "accessDenied": (
        "grant the service account roles/bigquery.jobUser and"
        " roles/bigquery.readSessionUser on the project and"
        " roles/bigquery.dataEditor on its datasets"
    ),
    "notFound": (
        "check ADVANCES_BIGQUERY_PROJECT and ADVANCES_BIGQUERY_LOCATION;"
        " `advances ingest` makes the datasets and tables that are missing"
    ),
    "quotaExceeded": (
        "a quota of the project is used up; wait for it to renew or have it raised"
    ),
    "rateLimitExceeded": (
        "too many jobs at once; give the Airflow pool `warehouse` fewer slots"
    ),
    "bytesBilledLimitExceeded": (
        "the query would read more than ADVANCES_BIGQUERY_MAXIMUM_BYTES_BILLED;"
        " find out why before it is raised"
    ),
    "timeout": "it took longer than ADVANCES_BIGQUERY_DEADLINE_SECONDS",
    "stopped": "the job was stopped, or ran into ADVANCES_BIGQUERY_DEADLINE_SECONDS",
}
_BY_STATUS = {
    401: "accessDenied",
    403: "accessDenied",
    404: "notFound",
    429: "quotaExceeded",
}
#: How BigQuery words that another transaction changed the same table first.
_CONFLICTS = ("concurrent update", "serialize access", "transaction conflict")


def is_conflict(error: BaseException) -> bool:
    """Tell whether a transaction lost against another one and may be tried again."""
    text = str(error).lower()
    return any(words in text for words in _CONFLICTS)


def explain(error: BaseException, doing: str) -> WarehouseError:
    """Return what failed, BigQuery's own first line, and what to do about it."""
    first_line = str(error).strip().partition("\n")[0]
    advice = _ADVICE.get(_reason(error), "")
    return WarehouseError(f"BigQuery, {doing}: {first_line}", advice)


def _reason(error: BaseException) -> str:
    if isinstance(error, (DeadlineExceeded, FutureTimeoutError, RetryError, Timeout)):
        return "timeout"
    if not isinstance(error, GoogleAPICallError):
        return ""
    # The Storage Read API tells its status alone, and has the call itself in here.
    details = [entry for entry in error.errors if isinstance(entry, Mapping)]
    reasons = [str(entry.get("reason")) for entry in details]
    known = [reason for reason in reasons if reason in _ADVICE]
    return known[0] if known else _BY_STATUS.get(error.code or 0, "")


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what Google's libraries raise into WarehouseError."""
    try:
        yield
    except GoogleAuthError as error:
        message = f"BigQuery, {doing}: no credentials: {error}"
        advice = "set GOOGLE_APPLICATION_CREDENTIALS, or run as a service account"
        raise WarehouseError(message, advice) from error
    except (
        GoogleAPICallError,
        RetryError,
        FutureTimeoutError,
        Timeout,
        NoConnectionError,
    ) as error:
        raise explain(error, doing) from error
