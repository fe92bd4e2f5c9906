"""Nightly: every step of one night in order, then a summary a person wants to read."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from jobs import telemetry
from jobs.book import book
from jobs.build import build, read_project_ahead
from jobs.challenge import challenge
from jobs.check_repayments import check
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night, as_frame
from jobs.plain import numbers
from jobs.price import price
from jobs.publish import publish
from jobs.reconcile import reconcile
from jobs.report import address, report
from jobs.underwriting.reasons import BY_CODE
from jobs.warehouse.protocol import Warehouse
from jobs.warn import warn
from jobs.watch import Watched, read_watched, watch


@dataclass(frozen=True)
class CurrencyOffers:
    """The offers open after the night in one currency, in minor units.

    A seller accepts at most one offer of its ladder, so ``largest_advance_minor``
    (the sum of each seller's largest) is what could be funded.
    """

    currency_code: str
    seller_count: int
    offer_count: int
    largest_advance_minor: int
    median_fee_rate: float


@dataclass(frozen=True)
class Summary:
    """The night at a glance; ``fates`` is what became of offers open before it."""

    evaluated_count: int
    eligible_count: int
    opened_count: int
    fates: dict[str, int]
    offers: tuple[CurrencyOffers, ...]
    held_count: int
    limited_count: int
    top_reasons: tuple[tuple[str, str, int], ...]
    quarantined_count: int
    first_quarantined: tuple[str, ...]
    watched: Watched
    report: str
    offers_hash: str


def _reconcile(night: Night) -> None:
    """Hold the settlement files against the ledger, and say how many lines are off."""
    found = reconcile(night, night.settings.settlements)
    night.say(
        f"{found.file_count:,} settlement files, {len(found.residuals):,} lines differ"
    )


STEPS: dict[str, Callable[[Night], object]] = {
    "ingest": ingest,
    "build cash_flow": lambda night: build(night, "cash_flow"),
    "forecast fit": forecast_fit,
    "forecast predict": lambda night: forecast_predict(night, Share()),
    "decide": decide,
    "price": price,
    "build offers": lambda night: build(night, "offers"),
    "publish": publish,
    # No offer waits for what follows.
    "check": check,
    "book": book,
    "warn": warn,
    "reconcile": _reconcile,
    "build book": lambda night: build(night, "book"),
    "watch": watch,
    "forecast challenge": challenge,
    "report": report,
}


def steps_of(night: Night) -> dict[str, Callable[[Night], object]]:
    """Return the night's steps; files are reconciled where a setting names them."""
    left_out = set() if night.settings.settlements else {"reconcile"}
    return {name: step for name, step in STEPS.items() if name not in left_out}


def nightly(night: Night, on_step: Callable[[str], None]) -> dict[str, float]:
    """Run the whole night; return the seconds each step took.

    A step that fails stops the night and leaves the tables of later steps alone.
    """
    read_project_ahead(night)
    seconds = {}
    for name, step in steps_of(night).items():
        on_step(name)
        with telemetry.step(name) as timed:
            telemetry.count(numbers(step(night)))
        seconds[name] = timed.seconds
    return seconds


def summarise(night: Night) -> Summary:
    """Read the night's results back from the warehouse."""
    with night.warehouse() as warehouse:
        counts = _query(
            night,
            warehouse,
            "select count(*) as evaluated,"
            " sum(case when outcome = 'eligible' then 1 else 0 end) as eligible"
            " from underwriting.eligibility_decisions",
        )
        opened = _query(night, warehouse, "select * from underwriting.advance_offers")
        before = _query(night, warehouse, "select * from underwriting.open_offers")
        still_open = pd.concat([opened, before[before["outcome"] == "kept"]])
        return Summary(
            evaluated_count=int(counts["evaluated"][0]),
            eligible_count=int(counts["eligible"][0]),
            opened_count=len(opened),
            fates={str(k): int(n) for k, n in before["outcome"].value_counts().items()},
            offers=_by_currency(still_open),
            held_count=_count_findings(night, warehouse, "review"),
            limited_count=_count_findings(night, warehouse, "limit"),
            top_reasons=_top_reasons(night, warehouse, still_open),
            quarantined_count=_quarantined_count(night, warehouse),
            first_quarantined=_first_quarantined(night, warehouse),
            watched=read_watched(night, warehouse),
            report=address(night),
            offers_hash=offers_hash(night, warehouse),
        )


def offers_hash(night: Night, warehouse: Warehouse) -> str:
    """Return one hash over the offers that the night opened, kept and ended, sorted."""
    digest = hashlib.sha256()
    for table in ("advance_offers", "open_offers"):
        rows = _query(
            night,
            warehouse,
            f"select * from underwriting.{table}",
            " order by offer_id",
        ).drop(columns="code_version")
        digest.update(rows.to_csv(index=False).encode())
    return digest.hexdigest()[:16]


def _query(
    night: Night, warehouse: Warehouse, select: str, rest: str = ""
) -> pd.DataFrame:
    rows = warehouse.query(
        f"{select} where as_of_date = $as_of_date and policy_version = $policy_version"
        f"{rest}",
        as_of_date=night.as_of_date,
        policy_version=night.versions["policy_version"],
    )
    return as_frame(rows)


def _by_currency(offers: pd.DataFrame) -> tuple[CurrencyOffers, ...]:
    return tuple(
        CurrencyOffers(
            str(currency_code),
            int(rows["seller_id"].nunique()),
            len(rows),
            int(rows.groupby("seller_id")["advance_minor"].max().sum()),
            float(rows["fee_rate"].median()),
        )
        for currency_code, rows in offers.groupby("currency_code")
    )


def _count_findings(night: Night, warehouse: Warehouse, verdict: str) -> int:
    """Return of how many sellers the guard came to this verdict."""
    found = _query(
        night,
        warehouse,
        "select count(distinct seller_id) as sellers from underwriting.guard_findings",
        f" and verdict = '{verdict}'",
    )
    return int(found["sellers"][0])


def _top_reasons(
    night: Night, warehouse: Warehouse, still_open: pd.DataFrame
) -> tuple[tuple[str, str, int], ...]:
    """Return the commonest reasons of the sellers to whom no offer is open.

    They are of failed rules, or of tiers: those may be of review or budget too.
    """
    key = ["seller_id", "currency_code"]
    found = pd.concat(
        [
            _query(
                night,
                warehouse,
                "select seller_id, currency_code, reason_code"
                f" from underwriting.{table}",
            )
            for table in ("eligibility_reasons", "offer_evaluations")
        ]
    ).drop_duplicates()
    offered = still_open[key].drop_duplicates()
    reasons = found.merge(offered, on=key, how="left", indicator=True)
    of_others = reasons.loc[reasons["_merge"] == "left_only", "reason_code"]
    counts = of_others.value_counts().sort_index(kind="stable")
    top = counts.sort_values(ascending=False, kind="stable").head(8)
    return tuple(
        (str(code), BY_CODE[str(code)].category, int(top[code])) for code in top.index
    )


def _quarantined_count(night: Night, warehouse: Warehouse) -> int:
    found = warehouse.query(
        "select count(*) as rows from raw.quarantine where ingest_date = $as_of_date",
        as_of_date=night.as_of_date,
    )
    return int(found["rows"][0].as_py())


def _first_quarantined(night: Night, warehouse: Warehouse) -> tuple[str, ...]:
    """Return the first few broken rows of the night, each as one line to read."""
    found = warehouse.query(
        "select table_name, origin, reason from raw.quarantine"
        " where ingest_date = $as_of_date order by table_name, origin limit 5",
        as_of_date=night.as_of_date,
    )
    return tuple(
        f"{row['table_name']}, {row['origin']}: {row['reason']}"
        for row in found.to_pylist()
    )
