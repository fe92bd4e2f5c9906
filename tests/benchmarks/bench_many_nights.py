"""What the builds of a night cost after many nights, as a ratio to those after one.

``python tests/benchmarks/bench_many_nights.py [SELLERS] [NIGHTS]``: a whole night of a
sample, then the next one; then the same with copies of the first, each moved back by
some days, so that there are that many nights before. Copied are tables with a row for
each seller and night; offers, their changes and disclosures have keys and nights that a
copy would break. Neither night is a Sunday, on which all nights are asked.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nights import change, night_of, rows_of, value_of

from jobs.night import Night
from jobs.nightly import STEPS, nightly
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample

#: Tables with a row for each seller on every night.
GROWING = (
    "cash_flow.fct_seller_health_daily",
    "cash_flow.fct_seller_unusual_sales_daily",
    "offers.fct_eligibility_decisions",
    "offers.fct_eligibility_reasons",
    "underwriting.eligibility_decisions",
    "underwriting.eligibility_reasons",
    "underwriting.forecast_quantiles",
    "underwriting.offer_evaluations",
)


def copy_back(night: Night, nights: int) -> None:
    """Copy the rows of the one night there is until there are that many."""
    for table in GROWING:
        columns = rows_of(night, f"select * from (describe {table})")
        moved = ", ".join(
            f"cast({column['column_name']} - nights_before * interval 1 day"
            f" as {column['column_type']}) as {column['column_name']}"
            for column in columns
            if column["column_type"] in {"DATE", "TIMESTAMP"}
        )
        change(
            night,
            f"insert into {table} by name"
            f" select tonight.* replace ({moved}) from {table} as tonight,"
            f" (select unnest(range(1, {nights})) as nights_before)",
        )


def measured(sellers: int, nights: int) -> tuple[dict[str, float], int]:
    """Return the seconds of the second night's builds, and how many decisions."""
    sample = Sample(sellers=sellers)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        source = SampleSource(sample, home)
        first = night_of(home, source, sample.end_date - timedelta(days=1))
        nightly(first, lambda _step: None)
        copy_back(first, nights)
        second = night_of(home, source, sample.end_date)
        seconds = {}
        for name, step in STEPS.items():
            if name == "publish":
                break
            started = time.perf_counter()
            step(second)
            if name.startswith("build"):
                seconds[name] = time.perf_counter() - started
        counted = "select count(*) from offers.fct_eligibility_decisions"
        return seconds, value_of(second, counted)


def main(sellers: int, nights: int) -> None:
    """Print each build after one night, after many, and the ratio."""
    (few, one_night), (many, all_nights) = (
        measured(sellers, 1),
        measured(sellers, nights),
    )
    print(f"{one_night:,} decisions, then {all_nights:,} of {nights + 1} nights")
    for name in few:
        print(f"{name:<18}{few[name]:>6.2f} s{many[name]:>6.2f} s", end="")
        print(f"  x {many[name] / few[name]:.2f}")


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(*(words + [5_000, 365][len(words) :]))
