"""The publish command: from the audited marts into the product's PostgreSQL."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from nights import rows_of, value_of
from postgres_server import Postgres

from jobs.night import Night
from jobs.publish import publish
from jobs.report import report
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError


@pytest.fixture
def night(
    finished_night: Night,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Night:
    """Return a copy of the finished night with an empty product database."""
    monkeypatch.setenv("ADVANCES_PRODUCT_DATABASE", postgres.create_database())
    monkeypatch.setenv("ADVANCES_HOME", str(tmp_path))
    copy = replace(finished_night, settings=type(finished_night.settings)())
    copy.workspace.mkdir(parents=True)
    shutil.copy(finished_night.warehouse_address, copy.warehouse_address)
    return copy


def test_what_is_published_is_what_the_marts_hold(night: Night) -> None:
    """Every offer of the night, to the amount; the same hash when published again."""
    first, second = publish(night), publish(night)
    with psycopg.connect(night.settings.product_database) as connection:
        shown = connection.execute(
            "select offer_id::text, currency_code, advance_minor, fee_minor"
            " from seller_advances.offers order by 1"
        ).fetchall()
    made = rows_of(
        night,
        "select offer_id, currency_code, advance_minor, fee_minor"
        " from underwriting.advance_offers order by 1",
    )

    assert first
    assert second
    assert first.offers_hash == second.offers_hash
    assert {"EUR", "JPY"} <= {currency_code for _, currency_code, *_ in shown}
    assert [tuple(row.values()) for row in made] == shown


def spoil(night: Night, sql: str) -> None:
    """Change the warehouse behind the back of the jobs."""
    import duckdb  # noqa: PLC0415 - the one place where a test writes to a warehouse

    with duckdb.connect(night.warehouse_address) as connection:
        connection.sql(sql)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            "update offers.fct_advance_offers set owed_minor = owed_minor + 1",
            "the audit failed, nothing was published: owed is advance plus fee: broken",
        ),
        (
            "delete from offers.rpt_audited_night",
            "the offers in the marts did not pass their tests; run `advances build",
        ),
        (
            "update offers.rpt_audited_night set as_of_date = '2026-10-30'",
            "the offers in the marts are of 2026-10-30; run `advances build",
        ),
        ("drop table offers.rpt_audited_night", "no offers are built; run `advances"),
        (
            "update underwriting.advance_offers set offer_id = 'other' || offer_id",
            "offers are priced, but the marts have 0 of these",
        ),
        (
            "update offers.rpt_audited_night set open_count = 0",
            "the offers in the marts changed while they were read",
        ),
    ],
)
def test_what_is_not_audited_is_not_published(
    night: Night, sql: str, says: str
) -> None:
    """A broken offer, or marts that did not pass, leave the product as it was."""
    before = publish(night)
    spoil(night, sql)

    with pytest.raises(DataError, match=says.replace("(", r"\(")):
        publish(night)

    with psycopg.connect(night.settings.product_database) as connection:
        (count,) = connection.execute(
            "select count(*) from seller_advances.publications"
        ).fetchone()
    assert before
    assert count == 1


def test_a_night_with_far_fewer_offers_is_stopped(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the offers gone is a fault until a person says that it is right."""
    publish(night)
    for table in ("underwriting.advance_offers", "offers.fct_advance_offers"):
        spoil(night, f"delete from {table} where hash(offer_id) % 4 > 0")
    kept = value_of(night, "select count(*) from underwriting.advance_offers")
    mark = f"offer_count = {kept}, open_count = {kept}"
    spoil(night, f"update offers.rpt_audited_night set {mark}")

    with pytest.raises(DataError, match=r"since 2026-10-31, EUR goes from \d+ to \d+"):
        publish(night)
    monkeypatch.setenv("ADVANCES_PUBLICATION_CHANGE_LIMIT_RATE", "2")
    published = publish(replace(night, settings=type(night.settings)()))

    assert published
    assert published.open_count == kept > 0


def test_an_older_night_leaves_the_newer_one_on_show(night: Night) -> None:
    """A backfill says so and goes on; nothing is read or changed."""
    said: list[str] = []
    publish(night)
    yesterday = night.as_of_date - timedelta(days=1)

    published = publish(replace(night, as_of_date=yesterday, say=said.append))

    assert published is None
    assert said == ["not published: the product shows 2026-10-31 already"]


def test_without_a_product_the_audit_runs_all_the_same(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that nothing is published, and still finds what is wrong."""
    monkeypatch.delenv("ADVANCES_PRODUCT_DATABASE")
    said: list[str] = []
    alone = replace(night, settings=type(night.settings)(), say=said.append)

    assert publish(alone) is None
    assert said == [
        "audited, and published nowhere: ADVANCES_PRODUCT_DATABASE is empty"
    ]
    spoil(night, "update offers.fct_advance_offers set fee_minor = 0")
    with pytest.raises(DataError, match="the audit failed"):
        publish(alone)


def test_an_address_that_cannot_be_read_is_a_wrong_setting(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, and its content is not."""
    monkeypatch.setenv("ADVANCES_PRODUCT_DATABASE", "nonsense://x:planted@host")

    with pytest.raises(ConfigurationError) as raised:
        publish(replace(night, settings=type(night.settings)()))

    assert str(raised.value).startswith("ADVANCES_PRODUCT_DATABASE cannot be read")
    assert "planted" not in str(raised.value)


def test_the_report_says_what_came_of_publishing(night: Night) -> None:
    """It failed: red, with the reason; mended: green, with what is on show."""
    spoil(night, "update offers.fct_advance_offers set owed_minor = owed_minor + 1")
    with pytest.raises(DataError, match="the audit failed"):
        publish(night)
    failed = Path(report(night)).read_text(encoding="utf-8")
    spoil(night, "update offers.fct_advance_offers set owed_minor = owed_minor - 1")
    published = publish(night)
    mended = Path(report(night)).read_text(encoding="utf-8")
    publish(replace(night, as_of_date=night.as_of_date - timedelta(days=1)))

    assert published
    assert "Publishing failed, and sellers see what they saw before: the audi" in failed
    assert f"{published.open_count:,} open offers are published." in mended
    assert rows_of(
        night,
        "select state, reason, audited_count, open_count, offers_hash"
        " from underwriting.publications order by as_of_date",
    ) == [
        {
            "state": "superseded",
            "reason": None,
            "audited_count": None,
            "open_count": None,
            "offers_hash": None,
        },
        {
            "state": "published",
            "reason": None,
            "audited_count": published.open_count,
            "open_count": published.open_count,
            "offers_hash": published.offers_hash,
        },
    ]
