"""The golden book: what the policy in force makes of every golden seller, in words.

Run: .venv/bin/python tests/golden/write_book.py

Every line names its seller and holds one fact, in the order of ``sellers.csv``, so that
a changed threshold is a diff of lines that can be read alone. DECISIONS.md says when
the book may change.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden_night import (
    HERE,
    ODD_AMOUNTS,
    ODD_CURRENCY,
    GoldenNight,
    golden_night,
    golden_policy,
)
from unit.underwriting.builders import AS_OF_DATE

from jobs.underwriting.findings import Finding, failed
from jobs.underwriting.money import format_minor
from jobs.underwriting.refills import REFILL_COLUMNS
from jobs.underwriting.wording import distance_text, percent, quantity

BOOK = HERE / "book.txt"
COMMAND = ".venv/bin/python tests/golden/write_book.py"

Row = dict[str, Any]


@dataclass(frozen=True)
class _Told:
    """All rows of one seller and currency, in the order of their tables."""

    decisions: list[Row]
    reasons: list[Row]
    findings: list[Row]
    open_offers: list[Row]
    evaluations: list[Row]
    offers: list[Row]


def book_text(night: GoldenNight) -> str:
    """Return the whole book."""
    lines = [*_heading(night), *_summary(night)]
    tables = [
        _by_account(table)
        for table in (
            night.evaluation.decisions,
            night.evaluation.reasons,
            night.findings,
            night.offers.open_offers,
            night.offers.evaluations,
            night.offers.offers,
        )
    ]
    terms = [tier.target_term_days for tier in night.policy.tiers]
    for seller in night.sellers.to_dict("records"):
        key = (seller["seller_id"], seller["currency_code"])
        told = _Told(*(table.get(key, []) for table in tables))
        lines += ["", *_account(seller, told)]
        for term in terms:
            lines += _term(told, term)
    return "\n".join(lines) + "\n"


def _by_account(table: pd.DataFrame) -> dict[tuple[str, str], list[Row]]:
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in table.to_dict("records"):
        rows.setdefault((row["seller_id"], row["currency_code"]), []).append(row)
    return rows


def _heading(night: GoldenNight) -> Iterator[str]:
    yield "The golden book: what becomes of the sellers in sellers.csv, fact by fact."
    yield ""
    yield f"policy_version  {night.policy.policy_version}"
    for name, amount in ODD_AMOUNTS.items():
        yield f"but             {name} {format_minor(amount, ODD_CURRENCY)}"
    yield f"as_of_date      {AS_OF_DATE}"
    yield f"written by      {COMMAND}"
    yield "may change      as DECISIONS.md says"
    yield "size            the most the caps allow, before rounding down to a step"
    yield "repaid by day   p10: by then or earlier with a probability of 10 %"


def _summary(night: GoldenNight) -> Iterator[str]:
    """Say how many there are of each outcome, and the money of each currency."""
    yield ""
    for part, rows in (
        ("accounts", night.evaluation.decisions),
        ("terms", night.offers.evaluations),
    ):
        for name, count in sorted(Counter(rows["outcome"]).items()):
            yield _line("all", part, _plain(name), str(count))
    for code, rows in night.offers.offers.groupby("currency_code"):
        largest = rows.groupby("seller_id")["advance_minor"].max()
        most = format_minor(int(largest.sum()), str(code))
        yield _line(f"all {code}", "offers", "opened", str(len(rows)))
        yield _line(f"all {code}", "offers", "sellers", str(len(largest)))
        yield _line(f"all {code}", "offers", "largest of each together", most)


def _account(seller: Row, told: _Told) -> Iterator[str]:
    """Tell of one seller and currency: the decision, failed rules, the guard."""
    name, code = _name(seller), seller["currency_code"]
    yield f"{name}, {seller['country_code']}: {seller['case']}"
    for row in told.decisions:
        yield _line(name, "decision", "outcome", _plain(row["outcome"]))
    for row in told.reasons:
        yield _line(name, "rule", row["reason_code"], _rule(row, code))
    for row in told.findings:
        yield _line(name, "guard", "verdict", row["verdict"])
        for each in json.loads(row["evidence"]):
            yield _line(name, "guard", each["name"], _evidence(each, code))


def _term(told: _Told, term_days: int) -> Iterator[str]:
    """Tell of one term: what was open before, what was found tonight, what opened."""
    tables = (told.open_offers, told.evaluations, told.offers)
    before, tonight, opened = (
        [row for row in table if row["target_term_days"] == term_days]
        for table in tables
    )
    facts = [
        *((row, _ended(row, told.open_offers)) for row in before),
        *((row, _found(row)) for row in tonight),
        *((row, _offer(row)) for row in opened),
    ]
    for row, texts in facts:
        for fact, text in texts.items():
            yield _line(_name(row), f"{term_days} days", fact, text)


def _name(row: Row) -> str:
    return f"{row['seller_id']} {row['currency_code']}"


def _line(account: str, part: str, fact: str, text: str) -> str:
    return f"{account:<12}  {part:<8}  {fact:<28}  {text}".rstrip()


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _rule(row: Row, code: str) -> str:
    """Return what was found, what was asked, and how far apart they are."""
    names = ("reason_code", "value", "threshold", "distance", "unit")
    finding = failed(*(row[name] for name in names))
    found, asked = (
        _number(finding, number, code) for number in (finding.value, finding.threshold)
    )
    is_short = (finding.value or 0) < (finding.threshold or 0)
    side = "at least" if is_short else "at most"
    if finding.unit == "flag":
        return f"{found}, must be {asked}"
    return f"{found}, {side} {asked}: {distance_text(finding, code)}"


def _number(finding: Finding, number: float | None, code: str) -> str:
    if finding.unit == "flag":
        return "yes" if number else "no"
    return quantity(number, finding, code, "en")


def _evidence(each: Row, code: str) -> str:
    texts = []
    for key in ("value", "threshold"):
        number = each[key]
        if each["name"].endswith("_minor"):
            texts.append(format_minor(number, code))
        elif each["name"].endswith("_rate"):
            texts.append(percent(number, "en"))
        elif each["name"].endswith("_count"):
            texts.append(str(number))
        else:
            texts.append(f"{number:.2f}")
    return f"{texts[0]}, at most {texts[1]}"


def _ended(row: Row, others: list[Row]) -> dict[str, str]:
    """Return an offer that was open, what became of it, and what took its place."""
    advance = format_minor(row["advance_minor"], row["currency_code"])
    rate = percent(row["fee_rate"], "en")
    last = row["expires_date"].date()
    end = _with_reason(row)
    successor = row["superseded_by_offer_id"]
    if pd.notna(successor):
        is_older = successor in [each["offer_id"] for each in others]
        end += f" by {successor if is_older else 'tonight'}"
    terms = f"{row['offer_id']}: {advance} at {rate} until {last}"
    return {"open before": terms, "became": end}


def _found(row: Row) -> dict[str, str]:
    """Return what became of a term tonight, and how large it could have been."""
    amount = format_minor(row["capped_advance_minor"], row["currency_code"])
    size = f"{amount} at most, set by {row['binding_cap']}"
    return {"tonight": _with_reason(row), "size": size}


def _offer(row: Row) -> dict[str, str]:
    """Return the facts of an offer that was opened tonight."""
    advance, fee, shortfall = (
        format_minor(row[f"{name}_minor"], row["currency_code"])
        for name in ("advance", "fee", "expected_shortfall")
    )
    days = (
        f"{point} {_day(row[f'repayment_{point}_days'])}"
        for point in ("p10", "p50", "p90")
    )
    return {
        "open until": str(row["expires_date"].date()),
        "advance": advance,
        "fee": fee,
        "fee rate": percent(row["fee_rate"], "en"),
        "repaid in the term": percent(row["repayment_probability_rate"], "en"),
        "repaid by day": ", ".join(days),
        "expected shortfall": shortfall,
        **_refill(row),
    }


def _refill(row: Row) -> dict[str, str]:
    """Return what an offer settles and pays out, if it is a refill."""
    if pd.isna(row["refilled_advance_id"]):
        return {}
    settled, discount, net, old_fee, on_old_fee = (
        format_minor(row[name], row["currency_code"]) for name in REFILL_COLUMNS[1:]
    )
    return {
        "settles": f"{settled} of {row['refilled_advance_id']}, {discount} waived",
        "paid out": net,
        "fee on old fee": f"{on_old_fee} on {old_fee}",
    }


def _with_reason(row: Row) -> str:
    code = row["reason_code"]
    return row["outcome"] + (f", {code}" if pd.notna(code) else "")


def _day(days: Any) -> str:  # noqa: ANN401 - an integer or pandas' missing one
    return "later than 365" if pd.isna(days) else f"{days}"


if __name__ == "__main__":
    BOOK.write_text(book_text(golden_night(golden_policy())), encoding="utf-8")
