"""Charts of one seller: weekly sales, the fan of its forecast, when it has repaid."""

import numpy as np

from jobs.pages import charts
from jobs.pages.blocks import (
    Block,
    Chart,
    Note,
    Row,
    Table,
    day,
    money,
    number,
    plural,
    share,
    text,
)
from jobs.pages.seller_facts import SellerFacts
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.money import currency_exponent
from jobs.underwriting.repayment import repayment_probability

_BANDS = {
    "p025": 0.025,
    "p10": 0.1,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p90": 0.9,
    "p975": 0.975,
}
_SPAN_DAYS = 10
#: Below it a share reads as 0 %.
_NO_CHANCE = 0.00005


def _id(facts: SellerFacts, what: str) -> str:
    account = facts.account
    return f"{what}-{account.seller_id}-{account.currency_code}"


def _major(amount_minor: float, facts: SellerFacts) -> float:
    exponent = currency_exponent(facts.account.currency_code)
    major: float = round(float(amount_minor) / 10**exponent, exponent)
    return major


def history(facts: SellerFacts) -> Block:
    """Return the sales of each complete week."""
    code = facts.account.currency_code
    if not facts.weeks:
        return Note(f"No complete week of sales in {code} yet.", is_missing=True)
    points = [
        {
            "date": row["week_start_date"].isoformat(),
            "value": _major(row["repayable_minor"], facts),
        }
        for row in facts.weeks
    ]
    return Chart(
        _id(facts, "history"),
        f"Repayable sales a week, {code}",
        f"{plural(len(points), 'week')}; captured less refunds and chargebacks.",
        charts.history(points, code),
        Table(
            f"Repayable sales a week in {code}",
            ("Week of", "Captured", "Refunded", "Repayable", "Repaid", "Paid out"),
            tuple(
                (
                    day(row["week_start_date"]),
                    money(row["captured_minor"], code),
                    money(row["refunded_minor"], code),
                    money(row["repayable_minor"], code),
                    money(row["repaid_minor"], code),
                    money(row["paid_out_minor"], code),
                )
                for row in facts.weeks[-13:]
            ),
            note="The last 13 weeks of those drawn.",
        ),
    )


def forecast(facts: SellerFacts) -> list[Block]:
    """Return the fan of the seller's sales and when its largest offer is repaid."""
    if facts.grid is None:
        return [
            Note("No forecast is stored of this seller and currency.", is_missing=True)
        ]
    found: list[Block] = [_fan(facts, facts.grid)]
    if facts.largest_offer:
        found.append(_repayment_days(facts, facts.grid, facts.largest_offer))
    return found


def _fan(facts: SellerFacts, grid: QuantileGrid) -> Chart:
    code = facts.account.currency_code
    values = repair(grid).values[0]
    places = {
        name: int(np.abs(grid.probabilities - probability).argmin())
        for name, probability in _BANDS.items()
    }
    points = [{"days": 0, **dict.fromkeys(_BANDS, 0.0)}]
    points += [
        {"days": int(ahead)}
        | {name: _major(row[place], facts) for name, place in places.items()}
        for ahead, row in zip(grid.horizons_days, values, strict=True)
    ]
    return Chart(
        _id(facts, "fan"),
        f"Forecast of cumulative sales, {code}",
        "The line is the middle; the bands hold 50, 80 and 95 % of what may come.",
        charts.fan(points, code),
        Table(
            f"Forecast of cumulative sales in {code}",
            ("Days ahead", "10 %", "50 %", "90 %"),
            tuple(
                (
                    number(int(ahead)),
                    *(
                        money(round(row[places[name]]), code)
                        for name in ("p10", "p50", "p90")
                    ),
                )
                for ahead, row in zip(grid.horizons_days, values, strict=True)
            ),
        ),
        is_half=True,
    )


def _repayment_days(facts: SellerFacts, grid: QuantileGrid, offer: Row) -> Chart:
    """Return when the largest offer is repaid: the chance of each span of days."""
    spans = _spans(grid, float(offer["owed_minor"]), offer["holdback_rate"])
    last, later = spans[-1][1], max(1 - sum(chance for *_, chance in spans), 0.0)
    term = int(offer["target_term_days"])
    advance = money(offer["advance_minor"], facts.account.currency_code).text
    rows, repaid = [], 0.0
    for start, end, chance in spans:
        repaid += chance
        if chance >= _NO_CHANCE:
            rows.append((text(f"{start + 1}–{end}"), share(chance), share(repaid)))
    return Chart(
        _id(facts, "repayment"),
        f"When {advance} is repaid",
        f"The dashed line is the term, {term} days; {later:.1%} take over {last}.",
        charts.repayment_days(
            [
                {"from": start, "to": end, "value": round(p, 5)}
                for start, end, p in spans
            ],
            term,
        ),
        Table(
            f"When {advance} is repaid",
            ("Days", "Chance", "Repaid by then"),
            tuple(rows),
        ),
        is_half=True,
    )


def _spans(
    grid: QuantileGrid, owed_minor: float, holdback_rate: float
) -> list[tuple[int, int, float]]:
    """Return the chance to be repaid after one day and by another, span by span."""
    last = int(grid.horizons_days[-1])
    ends = [*range(_SPAN_DAYS, last, _SPAN_DAYS), last]
    line, owed = quantile_line(repair(grid)), np.array([owed_minor])
    paid = [
        float(
            repayment_probability(line, grid.horizons_days, owed, holdback_rate, end)[0]
        )
        for end in ends
    ]
    chances = np.maximum(np.diff([0.0, *paid]), 0.0).tolist()
    return list(zip([0, *ends[:-1]], ends, chances, strict=True))
