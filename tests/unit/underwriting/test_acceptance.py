"""Acceptance: what is asked again, and what was promised."""

from jobs.underwriting.acceptance import recheck

from .builders import AS_OF_DATE, YEN, health, policy

NAMED = policy().offers.acceptance_checks


def test_worse_sales_do_not_hinder_an_acceptance() -> None:
    """A seller whose sales fell takes what was promised, in yen as in euros."""
    for seller in ({}, YEN):
        slow = {"growth_rate": -0.9, "days_since_last_sale": 40.0, "active_91_days": 1}
        found = recheck(health({**seller, **slow}), policy(), AS_OF_DATE)
        assert found.may_accept
        assert found.checked == NAMED


def test_a_restriction_or_an_open_advance_does() -> None:
    """What would make us sorry to have paid out is named."""
    held = health({"has_payout_hold": True})
    assert recheck(held, policy(), AS_OF_DATE).failed == ("ACCOUNT_RESTRICTED",)
    owing = {
        "open_advance_count": 1,
        "open_advance_balance_minor": 5_000,
        "open_advance_repaid_rate": 0.5,
    }
    found = recheck(health({**YEN, **owing}), policy(), AS_OF_DATE)
    assert (found.may_accept, found.failed) == (False, ("OPEN_ADVANCE_NOT_PAID_DOWN",))
