"""Contents: which sections a page has, and in which order."""

from collections.abc import Sequence

from jobs.pages.book_sections import portfolio, risk
from jobs.pages.change_sections import changes
from jobs.pages.data_sections import calibration, forecasts, freshness, quarantine
from jobs.pages.facts import Facts
from jobs.pages.funnel_sections import funnel, reasons
from jobs.pages.money_sections import reconciliation
from jobs.pages.night_sections import glance, offers
from jobs.pages.page import Page
from jobs.pages.seller_card import card, fans
from jobs.pages.seller_facts import SellerFacts
from jobs.pages.seller_table import Chosen, sellers
from jobs.pages.verdict import checks, status_of


def contents(
    facts: Facts,
    chosen: Chosen,
    known: Sequence[Sequence[SellerFacts]],
    cards_rule: str,
) -> Page:
    """Return the page of a night: every section, always, then a card for each seller.

    ``known`` holds each seller's accounts; a section whose data is missing says so.
    """
    sections = (
        glance(facts),
        offers(facts),
        funnel(facts),
        reasons(facts),
        forecasts(facts, fans(known)),
        calibration(facts),
        portfolio(facts),
        risk(facts),
        reconciliation(facts),
        quarantine(facts),
        freshness(facts),
        changes(facts),
        sellers(chosen),
    )
    cards = tuple(card(accounts) for accounts in known)
    return Page(facts, status_of(checks(facts)), sections, cards, cards_rule)
