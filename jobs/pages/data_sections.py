"""What stood behind the night: forecasts, their calibration, and the data itself."""

from jobs.pages import charts
from jobs.pages.blocks import (
    Block,
    Chart,
    Checks,
    Headline,
    Headlines,
    Note,
    Row,
    Section,
    Table,
    Value,
    day,
    moment,
    number,
    plural,
    share,
    text,
)
from jobs.pages.facts import Facts

_SHARES = (60, 80, 95, 110)
_TONES = {"ok": "green", "amber": "amber"}


def forecasts(facts: Facts, fans: Table) -> Section:
    """Return when tonight's offers are expected to be repaid; fans are on the cards."""
    rows = facts.rows("repayment_days")
    blocks: list[Block] = [_forecast_headlines(facts)]
    if not facts.one("forecasts", "series_count"):
        said = "No forecast of this model is stored for this night."
        blocks = [Note(said, is_missing=True)]
    if rows:
        blocks.append(_repayment_days(rows))
    else:
        blocks.append(
            Note(
                "No offer with a day of repayment was opened tonight.", is_missing=True
            )
        )
    if fans.rows:
        blocks.append(fans)
    lead = f"Model {facts.model_version}: quantiles of each seller's cumulative sales."
    return Section("forecasts", "Forecasts", lead, tuple(blocks))


def _forecast_headlines(facts: Facts) -> Headlines:
    series = facts.one("forecasts", "series_count")
    extrapolated = facts.one("forecasts", "extrapolated_count")
    last = facts.one("forecasts", "last_horizon_days")
    return Headlines(
        (
            Headline("Series forecast", number(series, "forecasts.count")),
            Headline(
                "Extrapolated", number(extrapolated, "forecasts.extrapolated_count")
            ),
            Headline("Days ahead", number(last, "forecasts.last_horizon_days")),
        )
    )


def _repayment_days(rows: list[Row]) -> Chart:
    terms = sorted({int(row["target_term_days"]) for row in rows})
    names = {term: f"{term}-day term" for term in terms}
    spans = range(0, max(int(row["from_days"]) for row in rows) + 15, 15)
    counts = {(r["target_term_days"], r["from_days"]): r["offer_count"] for r in rows}
    points = [
        {"x": first, "part": names[term], "value": counts.get((term, first), 0)}
        for term in terms
        for first in spans
    ]
    return Chart(
        "repayment-days",
        "Days until repaid, by the middle of the forecast",
        "Offers opened tonight, in spans of 15 days.",
        charts.columns(
            points, tuple(names.values()), ("days, from", "offers opened tonight")
        ),
        Table(
            "Offers by days until repaid",
            ("Days", *names.values()),
            tuple(
                (
                    text(f"{first}–{first + 14}"),
                    *(number(counts.get((term, first), 0)) for term in terms),
                )
                for first in spans
            ),
        ),
    )


def calibration(facts: Facts) -> Section:
    """Return how past forecasts did; without the accuracy marts, what is known."""
    title = "Calibration"
    rows = facts.rows("accuracy")
    if not rows:
        return Section("calibration", title, "", _what_is_known(facts))
    lead = (
        "Forecasts whose last day came in the last four weeks: how often sales were"
        " where they were expected."
    )
    return Section("calibration", title, lead, (_coverage(rows), _reliability(rows)))


def _what_is_known(facts: Facts) -> tuple[Block, ...]:
    why = (
        "The accuracy marts are not built: run advances build --part accuracy."
        if not facts.is_built("accuracy")
        else "No forecast of this model has matured in the last four weeks."
    )
    first = facts.one("first_forecast", "first_date")
    nights = facts.one("first_forecast", "night_count") or 0
    since = f", the first of {first}" if first else ""
    known = (
        f"{plural(int(nights), 'night')} of {facts.model_version} forecasts stored"
        f"{since}; the shortest horizon is scored seven days after its night."
    )
    return (Note(why, is_missing=True), Note(known))


def _coverage(rows: list[Row]) -> Table:
    return Table(
        "How often sales lay inside the interval",
        ("Horizon, days", "Forecasts", "Inside 80 %", "Inside 95 %", "Matured to"),
        tuple(
            (
                number(horizon := row["horizon_days"]),
                number(row["series_count"], f"calibration.{horizon}.count"),
                share(
                    row["inside_80_count"] / row["series_count"],
                    f"calibration.{horizon}.inside_80_rate",
                ),
                share(
                    row["inside_95_count"] / row["series_count"],
                    f"calibration.{horizon}.inside_95_rate",
                ),
                day(row["last_date"]),
            )
            for row in rows
        ),
    )


def _reliability(rows: list[Row]) -> Block:
    judged = [row for row in rows if row["event_count"]]
    if not judged:
        return Note("No seller had sales to be compared with.", is_missing=True)
    points = [
        {
            "part": f"{row['horizon_days']} days",
            "of": each,
            "x": row[f"expected_{each}_count"] / row["event_count"],
            "y": row[f"reached_{each}_count"] / row["event_count"],
        }
        for row in judged
        for each in _SHARES
    ]
    names = tuple(dict.fromkeys(point["part"] for point in points))
    return Chart(
        "reliability",
        "Expected and what came true",
        "On the dashed line what was expected came true; below it, less did.",
        charts.reliability(points, names),
        Table(
            "Chance to sell a share of what the last quarter promises",
            ("Horizon", "Share of promise", "Expected", "Came true"),
            tuple(
                (
                    text(point["part"]),
                    share(point["of"] / 100),
                    share(point["x"]),
                    share(point["y"]),
                )
                for point in points
            ),
        ),
    )


def quarantine(facts: Facts) -> Section:
    """Return the rows that break the input contract."""
    title = "Quarantine"
    count = facts.total("quarantine_count", "row_count")
    headline = Headlines(
        (Headline("Rows in quarantine tonight", number(count, "quarantine.count")),)
    )
    if not facts.is_built("quarantine"):
        missing = Note("Nothing was ever ingested here.", is_missing=True)
        return Section("quarantine", title, "", (missing,))
    if not count:
        said = Note("Every row of the night keeps the input contract.")
        return Section("quarantine", title, "", (headline, said))
    by_reason = Table(
        "By table and reason",
        ("Table", "Reason", "Rows"),
        tuple(
            (text(row["table_name"]), text(row["reason"]), number(row["row_count"]))
            for row in facts.rows("quarantine")
        ),
    )
    first = Table(
        "The first rows, each up to 240 characters",
        ("Table", "Seller", "Origin", "Reason", "Content"),
        tuple(
            (
                text(row["table_name"]),
                text(row["seller_id"]),
                text(row["origin"]),
                text(row["reason"]),
                text(row["content"]),
            )
            for row in facts.rows("quarantined")
        ),
    )
    return Section(
        "quarantine",
        title,
        "All of it is in raw.quarantine; a repaired row comes with a later updated_at.",
        (headline, by_reason, first),
    )


def freshness(facts: Facts) -> Section:
    """Return the newest load of each table, and the night each room of marts is of."""
    loads = Table(
        "Raw tables",
        ("Table", "Loaded on", "Rows loaded", "Quarantined", "Newest row tonight"),
        tuple(_load(row) for row in facts.rows("tables")),
    )
    newest = facts.rows("quality")[:1]
    built = [
        ("Cash flows", facts.one("built", "as_of_date")),
        ("Offers, audited", facts.one("audited", "as_of_date")),
        ("Book", facts.one("booked", "booked_date")),
        ("Settlement files", newest[0]["reconciled_date"] if newest else None),
        ("Accuracy, matured to", facts.one("scored", "matured_date")),
    ]
    marts = Table(
        "Marts, and the night they are of",
        ("Marts", "Night"),
        tuple((text(name), _built(night)) for name, night in built),
    )
    return Section(
        "freshness",
        "Freshness",
        "Times are UTC. A table that did not come tonight keeps what it had.",
        (loads, marts, *_watched(facts)),
    )


def _built(night: object) -> Value:
    return day(night) if night else text("not built")  # type: ignore[arg-type]


def _load(row: Row) -> tuple[Value, ...]:
    load = row["load"]
    if load is None:
        never = text("never loaded")
        return (text(row["table_name"]), never, number(None), number(None), text(None))
    name = f"freshness.{row['table_name']}"
    return (
        text(row["table_name"]),
        day(load["ingest_date"]),
        number(load["loaded_count"], f"{name}.loaded_count"),
        number(load["quarantined_count"], f"{name}.quarantined_count"),
        moment(row["newest_at"]),
    )


def _watched(facts: Facts) -> tuple[Block, ...]:
    rows = facts.rows("watched")
    if not rows:
        return (Note("The watch has compared nothing on this night.", is_missing=True),)
    found = tuple(
        Value(
            f"{row['check_name']}, {row['group_name']}: {row['sentence']}",
            tone=_TONES.get(row["verdict"], ""),
        )
        for row in rows
    )
    return (Checks(found),)
