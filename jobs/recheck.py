"""Recheck: ask again, when a seller takes an offer, what the policy asks again."""

from dataclasses import dataclass
from typing import Any

from jobs.night import Night, read_health
from jobs.sources.protocol import DataError
from jobs.underwriting.acceptance import Recheck, recheck


@dataclass(frozen=True)
class Rechecked:
    """What was asked again in one currency."""

    currency_code: str
    recheck: Recheck

    def as_plain(self) -> dict[str, Any]:
        """Return the answer, the rules that were asked, and those that failed."""
        return {
            "currency_code": self.currency_code,
            "may_accept": self.recheck.may_accept,
            "checked": list(self.recheck.checked),
            "failed": list(self.recheck.failed),
        }


def recheck_seller(night: Night, seller_id: str) -> tuple[Rechecked, ...]:
    """Ask the acceptance checks of a seller's health on the night, by currency.

    Raises DataError where the night does not know the seller.
    """
    with night.warehouse() as warehouse:
        health = read_health(night, warehouse)
    rows = health[health["seller_id"] == seller_id]
    if rows.empty:
        message = f"no seller {seller_id!r} on {night.as_of_date}"
        raise DataError(message, "give the id of one in cash_flow.dim_sellers")
    return tuple(
        Rechecked(str(code), recheck(part, night.policy, night.as_of_date))
        for code, part in rows.groupby("currency_code")
    )
