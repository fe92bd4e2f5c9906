"""Watch: compare the night with an earlier one and with what came true; keep it all.

It says what a person should look at, and stops nothing: the offers are out already.
"""

from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta

import pandas as pd

from jobs.night import Night, as_frame, read_health, write_of
from jobs.sources.protocol import DataError
from jobs.underwriting.policy import Watch
from jobs.underwriting.watch import Reference, watch_night
from jobs.underwriting.watch_findings import EVERYTHING, Finding
from jobs.underwriting.watch_forecasts import ACCURACY_SUMS
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import WATCH_FINDINGS


@dataclass(frozen=True)
class Watched:
    """How many checks were made, a sentence for each amber one, and what was not."""

    checked_count: int
    amber: tuple[str, ...]
    unchecked: tuple[str, ...]


def watch(night: Night) -> Watched:
    """Check the night; replace its findings."""
    with night.warehouse() as warehouse:
        health = read_health(night, warehouse)
        limits, reference = night.policy.watch, None
        findings: list[Finding] = []
        if limits:
            _require_offers(night, warehouse)
            reference = _read_reference(night, warehouse, limits)
            findings = watch_night(
                health,
                _read_funnel(night, warehouse, night.as_of_date),
                _read_accuracy(night, warehouse, limits),
                reference,
                night.policy,
            )
        compared = [reference.as_of_date if reference else None] * len(findings)
        rows = _rows(findings).assign(
            as_of_date=pd.Timestamp(night.as_of_date),
            reference_date=pd.to_datetime(pd.Series(compared, dtype="object")),
            data_as_of=health["data_as_of"].max(),
            **night.versions,
        )
        warehouse.replace([write_of(night, WATCH_FINDINGS, rows)])
    return _watched(night, rows)


def _rows(findings: list[Finding]) -> pd.DataFrame:
    """Return a row a finding, in types that hold for none at all."""
    kinds = {"integer": "int64", "rate": "float64", "text": "str"}
    types = {
        field.name: kinds[WATCH_FINDINGS.columns[field.name]]
        for field in fields(Finding)
    }
    values = [asdict(finding) for finding in findings]
    return pd.DataFrame(values, columns=list(types)).astype(types)


def read_watched(night: Night, warehouse: Warehouse) -> Watched:
    """Return what the night's findings say, as ``watch`` did."""
    rows = warehouse.query(
        "select * from underwriting.watch_findings"
        " where as_of_date = $as_of_date and policy_version = $policy_version"
        " order by check_name, group_name",
        as_of_date=night.as_of_date,
        policy_version=night.versions["policy_version"],
    )
    return _watched(night, as_frame(rows))


def _watched(night: Night, rows: pd.DataFrame) -> Watched:
    is_unchecked = rows["verdict"] == "unchecked"
    whole = rows.loc[is_unchecked & (rows["group_name"] == EVERYTHING), "sentence"]
    unchecked = tuple(dict.fromkeys(whole.tolist()))
    if rows.empty:
        unchecked = (f"policy {night.policy.policy_version} has no [watch]",)
    amber = rows.loc[rows["verdict"] == "amber", "sentence"]
    return Watched(int((~is_unchecked).sum()), tuple(amber), unchecked)


def _require_offers(night: Night, warehouse: Warehouse) -> None:
    """Raise DataError unless the marts have the night's offers, by its policy."""
    if warehouse.exists("offers", "rpt_offer_funnel") and not (
        _read_funnel(night, warehouse, night.as_of_date).empty
    ):
        return
    message = (
        f"no offers of {night.as_of_date} by policy {night.policy.policy_version} are"
        " built"
    )
    advice = f"run `advances build --part offers --as-of {night.as_of_date}` first"
    raise DataError(message, advice)


def _read_reference(
    night: Night, warehouse: Warehouse, limits: Watch
) -> Reference | None:
    """Return the earliest night of the same policy in the days before, if any."""
    first = warehouse.query(
        "select min(as_of_date) as as_of_date from offers.rpt_offer_funnel"
        " where policy_version = $policy_version and size_band <> 'unknown'"
        " and as_of_date >= $first and as_of_date < $as_of_date",
        policy_version=night.versions["policy_version"],
        first=night.as_of_date - timedelta(days=limits.reference_days),
        as_of_date=night.as_of_date,
    )["as_of_date"][0].as_py()
    if first is None:
        return None
    health = warehouse.query(
        "select * from cash_flow.fct_seller_health_daily"
        " where as_of_date = $as_of_date order by seller_id, currency_code",
        as_of_date=first,
    )
    return Reference(first, as_frame(health), _read_funnel(night, warehouse, first))


def _read_funnel(night: Night, warehouse: Warehouse, as_of_date: date) -> pd.DataFrame:
    rows = warehouse.query(
        "select country_code, currency_code, size_band, evaluated_count, served_count"
        " from offers.rpt_offer_funnel"
        " where as_of_date = $as_of_date and policy_version = $policy_version",
        as_of_date=as_of_date,
        policy_version=night.versions["policy_version"],
    )
    return as_frame(rows)


def _read_accuracy(
    night: Night, warehouse: Warehouse, limits: Watch
) -> pd.DataFrame | None:
    """Return the champion's sums by horizon over what matured lately, if built."""
    if not warehouse.exists("accuracy", "rpt_forecast_accuracy"):
        return None
    sums = ", ".join(f"sum({name}) as {name}" for name in ACCURACY_SUMS)
    rows = warehouse.query(
        "select horizon_days, count(distinct matured_date) as night_count, "
        f"{sums} from accuracy.rpt_forecast_accuracy"
        " where is_champion and model_version = $model_version"
        " and matured_date > $after and matured_date <= $as_of_date"
        " group by horizon_days order by horizon_days",
        model_version=night.versions["model_version"],
        after=night.as_of_date - timedelta(days=limits.outcome_days),
        as_of_date=night.as_of_date,
    )
    return as_frame(rows).astype("float64")
