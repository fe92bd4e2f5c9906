"""Publish: audit the offers of a night, then put them before the product in one go."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from jobs.errors import AdvancesError
from jobs.night import Night, as_frame, read_health
from jobs.product.contract import COLUMNS
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.underwriting.audit import ChangeLimits, audit_change, audit_offers
from jobs.warehouse.offer_tables import PUBLICATIONS
from jobs.warehouse.protocol import Write

if TYPE_CHECKING:
    import pandas as pd

    from jobs.product.postgres import Product, Publication
    from jobs.settings import Settings
    from jobs.warehouse.protocol import Warehouse

_SETTING = "ADVANCES_PRODUCT_DATABASE"


class _Outcome(NamedTuple):
    """What became of the night's offers, as its table keeps it."""

    state: Literal["published", "audited", "superseded", "failed"]
    audited_count: int | None = None
    published: Publication | None = None
    reason: str | None = None


def publish(night: Night) -> Publication | None:
    """Audit the night's offers and publish them; return what that changed.

    None where nothing may be published: no product database is set, or it shows a
    later night already. Raises DataError, and changes nothing of the product, where the
    audit fails. The warehouse keeps what came of it, for the report.
    """
    try:
        outcome = _publish(night)
    except AdvancesError as error:
        with suppress(AdvancesError):  # The failure that counts is the first one.
            _keep(night, _Outcome("failed", reason=error.what))
        raise
    _keep(night, outcome)
    return outcome.published


def _publish(night: Night) -> _Outcome:
    product = _product(night.settings)
    before = product.newest() if product else None
    if before and before.as_of_date > night.as_of_date:
        night.say(f"not published: the product shows {before.as_of_date} already")
        return _Outcome("superseded")
    since = _since(product, before) if product and before else date.max
    with night.warehouse() as warehouse:
        mark = _require_audited(night, warehouse)
        rows = warehouse.query(
            f"select {', '.join(COLUMNS)} from offers.fct_advance_offers"
            " where state = 'open' or ended_date >= $since",
            since=since,
        )
        health = read_health(night, warehouse)
        is_same = _require_audited(night, warehouse) == mark
    offers = as_frame(rows)
    if not is_same or mark["open_count"] != (offers["state"] == "open").sum():
        message = "the offers in the marts changed while they were read"
        advice = "publish again"
        raise DataError(message, advice)
    _audit(night, offers, health, before)
    audited_count = int(mark["open_count"])
    if product is None:
        night.say(f"audited, and published nowhere: {_SETTING} is empty")
        return _Outcome("audited", audited_count)
    published = product.publish(night.as_of_date, rows)
    _say(night, published)
    return _Outcome(
        "published" if published else "superseded", audited_count, published
    )


def _keep(night: Night, outcome: _Outcome) -> None:
    """Replace what is kept of the night's publication."""
    from jobs.warehouse.duckdb import one_row  # noqa: PLC0415 - a slow import

    partition = {
        "as_of_date": night.as_of_date,
        "policy_version": night.versions["policy_version"],
    }
    shown = ("open_count", "held_back_count", "offers_hash")
    row = {
        **partition,
        "state": outcome.state,
        "reason": outcome.reason,
        "audited_count": outcome.audited_count,
        **{name: getattr(outcome.published, name, None) for name in shown},
        "code_version": night.versions["code_version"],
    }
    with night.warehouse() as warehouse:
        warehouse.ensure([PUBLICATIONS])
        rows = one_row(PUBLICATIONS, row)
        warehouse.replace([Write(PUBLICATIONS, partition, rows)])


def _product(settings: Settings) -> Product | None:
    if not settings.product_database:
        return None
    # Its driver takes as long to import as all else here, for those who have a product.
    from jobs.postgres_address import PostgresAddress  # noqa: PLC0415
    from jobs.product.postgres import Product  # noqa: PLC0415

    try:
        address = PostgresAddress(
            settings.product_database, _SETTING, settings.statement_timeout_seconds
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return Product(address)


def _since(product: Product, before: Publication) -> date:
    """Return the day from which on ended offers may be news to the product.

    An acceptance may be booked by the marketplace days after the product knew of it,
    and under the date of a clock that goes slower.
    """
    unsettled = product.unsettled_since() or before.as_of_date
    return min(before.as_of_date, unsettled - timedelta(days=1))


def _require_audited(night: Night, warehouse: Warehouse) -> dict[str, Any]:
    """Return the mark of the night; DataError unless its offers passed their tests."""
    advice = f"run `advances build --part offers --as-of {night.as_of_date}` first"
    if not warehouse.exists("offers", "rpt_audited_night"):
        message = "no offers are built"
        raise DataError(message, advice)
    marks = warehouse.query("select * from offers.rpt_audited_night").to_pylist()
    if [mark["as_of_date"] for mark in marks] != [night.as_of_date]:
        found = (
            f"are of {marks[0]['as_of_date']}" if marks else "did not pass their tests"
        )
        message = f"the offers in the marts {found}"
        raise DataError(message, advice)
    (priced,) = warehouse.query(
        "select count(*) as made_count, count(marts.offer_id) as built_count"
        " from underwriting.advance_offers as priced"
        " left join offers.fct_advance_offers as marts using (offer_id)"
        " where priced.as_of_date = $as_of_date",
        as_of_date=night.as_of_date,
    ).to_pylist()
    if not priced["made_count"] == priced["built_count"] == marks[0]["offer_count"]:
        message = (
            f"{priced['made_count']:,} offers are priced, but the marts have "
            f"{priced['built_count']:,} of these, and {marks[0]['offer_count']:,} in "
            "all"
        )
        raise DataError(message, advice)
    return dict(marks[0])


def _audit(
    night: Night, rows: pd.DataFrame, health: pd.DataFrame, before: Publication | None
) -> None:
    offers = rows.loc[rows["state"] == "open"].reset_index(drop=True)
    found = audit_offers(offers, health, night.policy, night.as_of_date)
    if before:
        settings = night.settings
        limits = ChangeLimits(
            settings.publication_change_limit_rate,
            settings.publication_change_limit_count,
        )
        found += [
            f"since {before.as_of_date}, {sentence}; if that is right, publish once "
            "with a higher ADVANCES_PUBLICATION_CHANGE_LIMIT_RATE"
            for sentence in audit_change(offers, before.totals, limits)
        ]
    if found:
        message = "the audit failed, nothing was published: " + "; ".join(found)
        raise DataError(message)


def _say(night: Night, published: Publication | None) -> None:
    if published is None:
        night.say("not published: the product shows a later night already")
        return
    held_back = (
        f", {published.held_back_count:,} held back for sellers who accepted meanwhile"
        if published.held_back_count
        else ""
    )
    night.say(
        f"{published.open_count:,} offers open: {published.opened_count:,} opened, "
        f"{published.ended_count:,} ended{held_back}"
    )
