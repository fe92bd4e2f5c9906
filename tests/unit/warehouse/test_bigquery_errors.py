"""A failure of BigQuery says what to do, in the words of our own settings."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import grpc
import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)

from jobs.warehouse.bigquery_errors import explain, explained, is_conflict
from jobs.warehouse.protocol import WarehouseError


def reason(text: str) -> list[dict[str, str]]:
    """Return the details that Google sends beside its message."""
    return [{"reason": text, "message": "m"}]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (Forbidden("no", errors=reason("accessDenied")), "grant the service account"),
        (Forbidden("no", errors=reason("quotaExceeded")), "a quota of the project"),
        (Forbidden("no", errors=reason("rateLimitExceeded")), "pool `warehouse`"),
        (Forbidden("no"), "grant the service account"),
        (NotFound("no dataset raw"), "ADVANCES_BIGQUERY_LOCATION"),
        (
            BadRequest("too much", errors=reason("bytesBilledLimitExceeded")),
            "ADVANCES_BIGQUERY_MAXIMUM_BYTES_BILLED",
        ),
        (BadRequest("stop", errors=reason("stopped")), "the job was stopped"),
        (FutureTimeoutError(), "ADVANCES_BIGQUERY_DEADLINE_SECONDS"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_failure_names_what_helps(error: Exception, advice: str) -> None:
    """The message says what was being done, what happened, and what to do."""
    message = str(explain(error, "asking"))

    assert message.startswith(f"BigQuery, asking: {error}".splitlines()[0])
    assert advice in message


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("PERMISSION_DENIED", "roles/bigquery.readSessionUser"),
        ("RESOURCE_EXHAUSTED", "a quota of the project"),
        ("DEADLINE_EXCEEDED", "ADVANCES_BIGQUERY_DEADLINE_SECONDS"),
    ],
)
def test_a_failure_of_reading_names_what_helps(code: str, advice: str) -> None:
    """The Storage Read API fails in another form, here over a connection of its own."""
    handler = grpc.unary_unary_rpc_method_handler(
        lambda _request, context: context.abort(grpc.StatusCode[code], "no")
    )
    service = "google.cloud.bigquery.storage.v1.BigQueryRead"
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {"CreateReadSession": handler})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    reader = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    try:
        with pytest.raises(WarehouseError) as failure, explained("asking"):
            reader.create_read_session(parent="projects/p", retry=None, timeout=10)
    finally:
        channel.close()
        server.stop(None)

    assert str(failure.value).startswith("BigQuery, asking: ")
    assert advice in str(failure.value)


def test_missing_credentials_are_named() -> None:
    """Without credentials the message says where they come from."""
    with (
        pytest.raises(WarehouseError, match="set GOOGLE_APPLICATION_CREDENTIALS"),
        explained("connecting"),
    ):
        raise DefaultCredentialsError("none found")  # noqa: EM101, TRY003 - Google's


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Transaction is aborted due to concurrent update against table x", True),
        ("Could not serialize access to table x due to concurrent update", True),
        ("Syntax error at [1:1]", False),
    ],
)
def test_only_a_lost_race_is_tried_again(text: str, *, expected: bool) -> None:
    """What another transaction caused is told from what we got wrong."""
    assert expected == is_conflict(BadRequest(text))
