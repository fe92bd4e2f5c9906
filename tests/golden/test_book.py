"""The golden book is what the core makes of its sellers, and leaves nothing out."""

import re
from difflib import unified_diff

import pytest
from golden_night import ACCOUNT, GoldenNight, golden_night, golden_policy, read_sellers
from write_book import BOOK, COMMAND, book_text

from jobs.underwriting.guarded_offers import GUARD_CAP
from jobs.underwriting.promise import EVENTS
from jobs.underwriting.reasons import REASONS
from jobs.underwriting.sizing import CAPS


@pytest.fixture(scope="module")
def night() -> GoldenNight:
    """Return the golden night, run once."""
    return golden_night(golden_policy())


def facts(pattern: str) -> set[str]:
    """Return what a pattern finds in the facts of the book, headings of sellers not."""
    lines = BOOK.read_text(encoding="utf-8").splitlines()
    return {
        found
        for line in lines
        if re.match(r"\S+ [A-Z]{3}  ", line)
        for found in re.findall(pattern, line)
    }


def test_the_book_is_what_the_core_says(night: GoldenNight) -> None:
    """Any difference is shown as the diff that a risk officer would read."""
    written = BOOK.read_text(encoding="utf-8").splitlines()
    now = book_text(night).splitlines()

    diff = "\n".join(unified_diff(written, now, "book.txt", "now", n=0, lineterm=""))
    assert not diff, (
        f"The golden book has changed:\n{diff}\n\n"
        f"If it should: {COMMAND}\nand read tests/golden/DECISIONS.md."
    )


@pytest.mark.parametrize("nudge", [1 - 1e-12, 1 + 1e-12])
def test_no_fact_hangs_on_the_last_bits(night: GoldenNight, nudge: float) -> None:
    """Another machine, whose floats differ in the last bits, writes the same book."""
    assert book_text(night) == book_text(golden_night(night.policy, nudge))


def test_every_reason_is_in_the_book(night: GoldenNight) -> None:
    """No code of the catalogue is left out, INACTIVE in both of its units."""
    codes = {reason.code for reason in REASONS}
    measured = night.evaluation.reasons
    inactive = measured.loc[measured["reason_code"] == "INACTIVE", "unit"]

    assert codes == facts(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bINACTIVE\b") - set(EVENTS)
    assert {"days", "count"} == set(inactive)


def test_every_cap_that_can_bind_is_in_the_book(night: GoldenNight) -> None:
    """A share of a year cannot bind while the longest term repays less than it."""
    sizing, longest = night.policy.sizing, night.policy.tiers[-1].target_term_days
    steady_rate = sizing.holdback_rate * longest / 365
    idle = {"annual_share"} if steady_rate < sizing.annual_sales_share_rate else set()

    assert {*CAPS, GUARD_CAP} - idle == facts(r"set by (\w+)")


def test_every_end_of_an_offer_is_in_the_book() -> None:
    """Every listed event, every outcome, and a reason of standing."""
    ends = facts(r"became +(.+)$")
    named = {code for end in ends for code in re.findall(r"[A-Z]+_[A-Z_]+", end)}

    assert {*EVENTS, "ACCOUNT_RESTRICTED"} == named
    assert {"accepted", "expired", "kept", "replaced", "withdrawn"} == {
        re.split(r"\W", end)[0] for end in ends
    }


def test_sellers_of_several_currencies_are_offered_something() -> None:
    """Three dozen accounts at least, yen among their currencies."""
    offered = facts(r"^\S+ ([A-Z]{3}) .* tonight +offered$")

    assert len(read_sellers().drop_duplicates(ACCOUNT)) >= 36
    assert offered >= {"EUR", "JPY"}


def test_every_account_and_open_offer_is_told_once(night: GoldenNight) -> None:
    """Each line of the two tables has its place in the book."""
    text = BOOK.read_text(encoding="utf-8")

    for seller in night.sellers.to_dict("records"):
        heading = f"\n{seller['seller_id']} {seller['currency_code']}, "
        assert text.count(heading) == 1
    for name in night.offers.open_offers["offer_id"]:
        assert text.count(f"{name}: ") == 1
