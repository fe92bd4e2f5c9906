"""Replay: a night is what its stored inputs give, and whatever is not is named."""

from dataclasses import replace

import pytest
from nights import change, rows_of

from jobs.decide import decide
from jobs.night import Night
from jobs.price import price
from jobs.recheck import recheck_seller
from jobs.replay import replay
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError


def test_a_night_replays_from_what_it_stored(finished_night: Night) -> None:
    """Every row of every table, in all currencies, to the bit."""
    found = replay(finished_night)
    assert found.differences == ()
    assert found.row_count > 500
    assert found.other_code_versions == ()


def test_replay_reads_no_mart(night: Night) -> None:
    """The cash flows may be those of any later night."""
    change(night, "drop schema cash_flow cascade", "drop schema offers cascade")
    assert replay(night).differences == ()


def test_every_change_is_named(night: Night) -> None:
    """An offer, an input or a row changed afterwards: seller, column, both values."""
    (dear, gone) = rows_of(
        night, "select * from underwriting.advance_offers order by offer_id limit 2"
    )
    change(
        night,
        "update underwriting.advance_offers set fee_minor = fee_minor + 1"
        f" where offer_id = '{dear['offer_id']}'",
        "delete from underwriting.advance_offers"
        f" where offer_id = '{gone['offer_id']}'",
    )
    lines = [str(each) for each in replay(night).differences]
    table, fee = "underwriting.advance_offers", dear["fee_minor"]
    changed = f"fee_minor: stored {fee + 1}, replayed {fee}"
    assert lines == [
        f"{table} [{gone['offer_id']}]: replayed only",
        f"{table} [{dear['offer_id']}] {changed}",
    ]
    assert replay(night, gone["seller_id"]).differences
    with pytest.raises(DataError, match="nothing was decided about 'nobody'"):
        replay(night, "nobody")


def test_another_forecast_is_noticed(night: Night) -> None:
    """Quantiles that were written again give other offers."""
    change(
        night,
        "update underwriting.forecast_quantiles set quantile_05_minor = 0,"
        " quantile_10_minor = 0",
    )
    columns = {each.column for each in replay(night).differences}
    assert {"sized_owed_minor", "offered_advance_minor"} <= columns


def test_a_used_policy_cannot_change(night: Night) -> None:
    """File, key, expected and found are named, and nothing is written."""
    before = rows_of(night, "select * from underwriting.eligibility_decisions")
    pricing = night.policy.pricing.model_copy(update={"margin_rate": 0.03})
    changed = replace(
        night, policy=night.policy.model_copy(update={"pricing": pricing})
    )
    version = night.policy.policy_version
    with pytest.raises(ConfigurationError) as error:
        decide(changed)
    first, second = str(error.value).splitlines()
    assert first == f"{version}.toml: pricing.margin_rate: expected 0.02, got 0.03."
    assert second.startswith(f"Policy {version} has decided already and cannot change")
    with pytest.raises(ConfigurationError):
        price(changed)
    assert before == rows_of(night, "select * from underwriting.eligibility_decisions")


def test_what_is_asked_again_at_acceptance_is_named(
    night: Night,
) -> None:
    """A seller who was restricted since may not accept; the checks are listed."""
    (seller,) = rows_of(
        night, "select min(seller_id) as name from underwriting.advance_offers"
    )
    answers = {}
    for name in ("before", "after"):
        answers[name] = recheck_seller(night, seller["name"])[0].recheck
        change(
            night,
            "update cash_flow.fct_seller_health_daily set has_payout_hold = true",
        )
    assert answers["before"].may_accept
    assert answers["after"].failed == ("ACCOUNT_RESTRICTED",)
    assert answers["after"].checked == night.policy.offers.acceptance_checks
