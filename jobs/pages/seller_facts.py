"""What the page knows of one seller and currency, and the language it is told in."""

from dataclasses import dataclass

from babel import Locale as CultureData
from babel import UnknownLocaleError

from jobs.pages.blocks import Row, Rows
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.explanation import Account
from jobs.underwriting.reason_texts import LOCALES, Locale


@dataclass(frozen=True)
class SellerFacts:
    """All that the card of one seller and currency is made of.

    ``weeks`` are complete weeks of its cash flows in order, ``offers`` the open ones
    with their ``disclosures``.
    """

    account: Account
    why: str
    grid: QuantileGrid | None
    weeks: Rows
    offers: Rows
    disclosures: Rows
    advances: Rows

    @property
    def largest_offer(self) -> Row | None:
        """The open offer with the largest advance."""
        if not self.offers:
            return None
        return max(self.offers, key=lambda row: int(row["advance_minor"]))


def locale_of(country_code: str) -> Locale:
    """Return the language that most sellers of a country read, of those we write."""
    try:
        language = CultureData.parse(f"und_{country_code}").language
    except (UnknownLocaleError, ValueError):
        return "en"
    return next((locale for locale in LOCALES if locale == language), "en")
