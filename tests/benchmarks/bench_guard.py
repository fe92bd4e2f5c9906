"""What the bust-out guard finds, and what it costs sellers who are honest.

    .venv/bin/python tests/benchmarks/bench_guard.py [SEED ...]
    .venv/bin/python tests/benchmarks/bench_guard.py OLIST_FOLDER

Without a folder, samples with planted bust-outs and honest surges; with it, the real
Olist sellers, who are all taken to be honest. Nights are 28 days apart, each with the
commands' own steps; the last ones are decided and priced with the guard and without it.
Money is in units of the policy's largest advance of each currency, so that currencies
can be added.
"""

import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from jobs.build import build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night, as_frame, read_policy
from jobs.price import price
from jobs.settings import Settings
from jobs.sources.catalogue import open_source

UNGUARDED = "unguarded"


def run(night: Night) -> None:
    """Ingest, build and forecast one night."""
    ingest(night)
    build(night, "cash_flow")
    forecast_fit(night)
    forecast_predict(night, Share())


def eligible_of(night: Night) -> pd.DataFrame:
    """Decide and price both ways; return the eligible, verdicts and largest offers."""
    free = night.policy.model_copy(
        update={"guard": None, "policy_version": UNGUARDED},
    )
    for each in (night, replace(night, policy=free)):
        decide(each)
        price(each)
    largest = (
        "select seller_id, currency_code, max(offered_advance_minor) as advance_minor"
        " from underwriting.offer_evaluations where as_of_date = $as_of_date"
        " and policy_version = '{}' group by seller_id, currency_code"
    )
    with night.warehouse() as warehouse:
        rows = as_frame(
            warehouse.query(
                f"with guarded as ({largest.format(night.policy.policy_version)}),"
                f" free as ({largest.format(UNGUARDED)})"
                " select free.*, guarded.advance_minor as guarded_minor,"
                " coalesce(verdict, 'none') as verdict"
                " from free inner join guarded using (seller_id, currency_code)"
                " left join underwriting.guard_findings as findings"
                " on findings.seller_id = free.seller_id"
                " and findings.currency_code = free.currency_code"
                " and findings.as_of_date = $as_of_date",
                as_of_date=night.as_of_date,
            )
        )
    unit = night.policy.currency_amounts(rows["currency_code"], "maximum_advance_minor")
    return rows.assign(
        free=rows["advance_minor"] / unit, guarded=rows["guarded_minor"] / unit
    )


def show(rows: pd.DataFrame) -> None:
    """Print a line for each kind of seller, those not planted as others."""
    print(f"{'kind':<14}{'eligible':>9}{'limit':>8}{'review':>8}{'money kept':>12}")
    for kind, of_kind in rows.groupby("kind", sort=False):
        counts = of_kind["verdict"].value_counts()
        kept = of_kind["guarded"].sum() / of_kind["free"].sum()
        print(
            f"{kind:<14}{len(of_kind):>9,}{counts.get('limit', 0):>8,}"
            f"{counts.get('review', 0):>8,}{kept:>12.1%}"
        )


def sample_rows(home: Path, seed: int) -> pd.DataFrame:
    """Return the eligible sellers of a sample's last night, with what they are."""
    asked = f"sample:sellers=2000,days=500,seed={seed},surges=120"
    source = open_source(asked, None, home)
    settings = Settings(home=home)
    policy = read_policy(settings)
    for day in (date(2026, 10, 3), date(2026, 10, 31)):
        night = Night(settings, source, day, policy, lambda _line: None)
        run(night)
    planted = pq.read_table(home / source.name / "history" / "surge_labels").to_pandas()
    rows = eligible_of(night).merge(planted, on="seller_id", how="left")
    return rows.assign(
        kind=rows["kind"].fillna("others"),
        is_bust_out=rows["is_bust_out"].fillna(value=False).astype(bool),
    ).sort_values(["is_bust_out", "kind"], ascending=[False, True])


def bench_sample(seeds: list[int]) -> None:
    """Print precision, recall and cost over the samples of these seeds."""
    with tempfile.TemporaryDirectory() as home:
        rows = pd.concat([sample_rows(Path(home), seed) for seed in seeds])
    show(rows)
    is_planted = rows["kind"] != "others"
    for name, found in (
        ("limit or review", rows["verdict"] != "none"),
        ("review", rows["verdict"] == "review"),
    ):
        caught = (found & rows["is_bust_out"]).sum()
        print(
            f"{name}: recall {caught / rows['is_bust_out'].sum():.2f},"
            f" precision among the planted {caught / (found & is_planted).sum():.2f},"
            f" among all {caught / found.sum():.2f}"
        )


def bench_olist(folder: str) -> None:
    """Print how many sellers are flagged at four nights, and what they lose."""
    found = []
    with tempfile.TemporaryDirectory() as home:
        source = open_source("olist", folder, Path(home))
        settings = Settings(home=Path(home))
        policy = read_policy(settings)
        for place in range(-4, 1):
            day = date(2018, 6, 30) + timedelta(days=28 * place)
            night = Night(settings, source, day, policy, lambda _line: None)
            run(night)
            if place > -4:
                found.append(eligible_of(night).assign(kind=str(day)))
    rows = pd.concat(found)
    show(pd.concat([rows, rows.assign(kind="all")]))


def main() -> None:
    """Run on Olist where its folder is given, else on samples of these seeds."""
    words = sys.argv[1:] or ["3", "4", "5"]
    if words[0].isdigit():
        bench_sample([int(word) for word in words])
    else:
        bench_olist(words[0])


if __name__ == "__main__":
    main()
