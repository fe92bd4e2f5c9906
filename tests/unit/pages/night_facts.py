"""A small night as the warehouse would answer of it, in euros and in yen."""

from datetime import date, datetime
from typing import Any

from jobs.pages.facts import Facts

NIGHT = date(2026, 10, 31)
BEFORE = date(2026, 10, 30)


def rows_of_a_good_night() -> dict[str, list[dict[str, Any]] | None]:
    """Return answers by which every check is green."""
    load = {
        "ingest_date": NIGHT,
        "window_end_at": datetime(2026, 11, 1),  # noqa: DTZ001 - warehouse times
        "loaded_count": 10,
        "quarantined_count": 0,
    }
    newest = datetime(2026, 10, 31, 23, 59)  # noqa: DTZ001 - as above
    return {
        "audited": [{"as_of_date": NIGHT, "offer_count": 5, "open_count": 5}],
        "publication": [publication("published")],
        "built": [{"as_of_date": NIGHT, "data_as_of": newest}],
        "booked": [{"booked_date": NIGHT}],
        "outcomes": [
            {"outcome": "declined", "seller_count": 6},
            {"outcome": "eligible", "seller_count": 3},
        ],
        "offers_by_currency": [
            _offers("EUR", 2, 3, 150_000, 0.055),
            _offers("JPY", 1, 2, 90_000, 0.06),
        ],
        "offers_by_country": [
            _country("FR", "EUR", 5, 2, 3, 150_000),
            _country("JP", "JPY", 4, 1, 2, 90_000),
        ],
        "offers_by_term": [],
        "quality": [
            {
                "currency_code": code,
                "check_name": "clearing",
                "checked_count": 4,
                "failed_count": 0,
                "checked_minor": 100,
                "failed_minor": 0,
                "passed_rate": 1.0,
                "state": "passed",
                "reconciled_date": None,
            }
            for code in ("EUR", "JPY")
        ],
        "payouts": [
            _payout("none", "EUR", 9),
            _payout("not_initiated", "JPY", 2),
        ],
        "faults": [],
        "findings": [],
        "quarantine": [],
        "quarantine_count": [{"row_count": 0}],
        "watched": [
            {
                "check_name": "impact",
                "group_name": "FR",
                "verdict": "ok",
                "sentence": "FR is as all are",
            }
        ],
        "tables": [{"table_name": "sellers", "load": load, "newest_at": newest}],
    }


def facts_of(**changed: Any) -> Facts:  # noqa: ANN401 - rows of any question
    """Return the facts of a good night, with other answers to these questions."""
    found = rows_of_a_good_night() | changed
    return Facts(NIGHT, "shop", "2027-01", "blend-1", "0123456789ab", 2, found)


def publication(state: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    """Return what is kept of a publication of five offers, one held back."""
    row = {"as_of_date": NIGHT, "state": state, "reason": None, "audited_count": 5}
    return row | {"open_count": 4, "held_back_count": 1} | changed


def _offers(code: str, *counts: float) -> dict[str, Any]:
    names = ("seller_count", "offer_count", "largest_advance_minor", "median_fee_rate")
    return {"currency_code": code, **dict(zip(names, counts, strict=True))}


def _country(country: str, code: str, *counts: int) -> dict[str, Any]:
    names = ("evaluated_count", "seller_count", "offer_count", "largest_advance_minor")
    return {
        "country_code": country,
        "currency_code": code,
        **dict(zip(names, counts, strict=True)),
    }


def _payout(reason: str, code: str, count: int) -> dict[str, Any]:
    return {
        "residual_reason": reason,
        "currency_code": code,
        "payout_count": count,
        "residual_minor": 0,
    }
