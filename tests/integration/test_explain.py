"""The explain command on a finished night: every answer, from what was stored."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from nights import SAMPLE, change, rows_of

from jobs.__main__ import cli
from jobs.explain import Explained, explain
from jobs.night import Night
from jobs.nightly import summarise
from jobs.sources.protocol import DataError
from jobs.underwriting.reason_texts import LOCALES

SOURCE = f"sample:sellers={SAMPLE.sellers},days={SAMPLE.days},seed={SAMPLE.seed}"
DECISIONS = "underwriting.eligibility_decisions"


def run(night: Night, *arguments: str) -> str:
    """Run the command on the finished night and return what it prints."""
    environment = {"ADVANCES_HOME": str(night.settings.home)}
    words = ["explain", *arguments, "--source", SOURCE]
    done = CliRunner().invoke(cli, words, env=environment, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def found(night: Night, sql: str) -> list[str]:
    """Return the sellers that a query finds."""
    sellers = [row["seller_id"] for row in rows_of(night, sql)]
    assert sellers
    return sellers


@pytest.fixture(scope="module")
def explanations(finished_night: Night) -> list[Explained]:
    """Explain sellers of every kind: each outcome and currency, and each reason."""
    kinds = f"""
        select min(seller_id) as seller_id from {DECISIONS}
        group by outcome, currency_code
        union select min(seller_id) from underwriting.eligibility_reasons
        group by reason_code
        union select min(seller_id) from underwriting.offer_evaluations
        group by reason_code, currency_code
        union select min(seller_id) from {DECISIONS}
        where seller_id in (
            select seller_id from {DECISIONS} group by seller_id having count(*) > 1
        )
        order by seller_id"""
    return [
        explain(finished_night, each, None) for each in found(finished_night, kinds)
    ]


def test_explanations_agree_with_what_was_stored(explanations: list[Explained]) -> None:
    """Verdicts and sizes come out as they were decided, and fees add up."""
    accounts = [account for each in explanations for account in each.accounts]
    fees = [
        (sum((tier.fee_parts or {}).values()), tier.offer["fee_minor"])
        for account in accounts
        for tier in account.tiers
        if tier.offer
    ]

    assert {"EUR", "JPY"} <= {account.currency_code for account in accounts}
    assert {"eligible", "declined"} <= {account.outcome for account in accounts}
    assert any(len(each.accounts) > 1 for each in explanations)
    assert [
        account.disagreements for account in accounts if account.disagreements
    ] == []
    assert len(fees) > 5
    assert all(paid_for == fee for paid_for, fee in fees)


def test_no_letter_names_what_is_internal(finished_night: Night) -> None:
    """Who is held back by a sanctions check alone reads the neutral letter."""
    only = found(
        finished_night,
        "select seller_id from underwriting.eligibility_reasons group by seller_id"
        " having min(reason_code) = 'SANCTIONS_UNRESOLVED' and max(reason_code) ="
        " 'SANCTIONS_UNRESOLVED' limit 1",
    )[0]

    staff = run(finished_night, only)
    letters = [run(finished_night, only, "--locale", locale) for locale in LOCALES]

    assert "SANCTIONS_UNRESOLVED         internal" in staff
    assert "We cannot make you an offer at this time." in letters[0]
    for text in letters:
        assert "sanction" not in text.lower()
        assert "制裁" not in text


def test_the_command_prints_what_was_offered(finished_night: Night) -> None:
    """Tables, letter and JSON of an eligible yen seller show the same offer."""
    (offer,) = rows_of(
        finished_night,
        "select * from underwriting.advance_offers where currency_code = 'JPY'"
        " order by offer_id limit 1",
    )
    words = (offer["seller_id"], "--currency", "jpy")
    staff, japanese = (
        run(finished_night, *words),
        run(finished_night, *words, "--locale", "ja"),
    )
    (account,) = json.loads(run(finished_night, *words, "--json"))["accounts"]

    amount = f"{offer['advance_minor']:,}"
    assert f"¥{amount}" in staff
    for said in ("Rules", "Forecast of sales", "Size:", "Fee:", "What would change"):
        assert said in staff
    assert amount in japanese
    assert "\n".join(account["letter"]["ja"]) in japanese
    stored: list[dict[str, Any]] = [tier["offer"] for tier in account["tiers"]]
    assert offer["offer_id"] in [each["offer_id"] for each in stored if each]


def test_what_is_not_stored_is_said(finished_night: Night) -> None:
    """An unknown seller, night or currency is named, with what is stored."""
    known = found(
        finished_night, f"select min(seller_id) as seller_id from {DECISIONS}"
    )
    earlier = replace(finished_night, as_of_date=date(2026, 10, 30))

    with pytest.raises(
        DataError, match=r"seller 'nobody' on 2026-10-31; look at its id"
    ):
        explain(finished_night, "nobody", None)
    with pytest.raises(
        DataError,
        match=r"no decisions for 2026-10-30; ask for a night .* 2026-10-31 \(",
    ):
        explain(earlier, known[0], None)
    with pytest.raises(DataError, match="not BRL; give one of those"):
        explain(finished_night, known[0], "BRL")


@pytest.fixture
def later(night: Night) -> tuple[Night, dict[str, str]]:
    """Return the night as if its euro offers were a night old, and the rest spent.

    The second value is a euro seller whose offer holds, one whose was withdrawn, and a
    yen seller who lost its place.
    """
    held, ended = found(
        night,
        "select distinct seller_id from underwriting.advance_offers"
        " where currency_code = 'EUR' order by seller_id limit 2",
    )
    (lost,) = found(
        night,
        "select min(seller_id) as seller_id from underwriting.advance_offers"
        " where currency_code = 'JPY'",
    )
    change(
        night,
        "insert into underwriting.open_offers by name select * exclude (as_of_date),"
        " as_of_date, date '2026-10-30' as opened_date, case seller_id when"
        f" '{ended}' then 'withdrawn' else 'kept' end as outcome, case seller_id when"
        f" '{ended}' then 'ADVANCE_ACCEPTED' end as reason_code"
        " from (select offer_id, seller_id, as_of_date, expires_date, currency_code,"
        " target_term_days, advance_minor, owed_minor, fee_rate, holdback_rate,"
        " policy_version, code_version from underwriting.advance_offers"
        " where currency_code = 'EUR')",
        "delete from underwriting.advance_offers",
        "update underwriting.offer_evaluations set outcome = 'kept',"
        " offered_advance_minor = 0 where currency_code = 'EUR' and outcome = 'offered'"
        f" and seller_id <> '{ended}'",
        "update underwriting.offer_evaluations set outcome = 'declined',"
        " offered_advance_minor = 0, reason_code = 'BUDGET_EXHAUSTED'"
        " where currency_code <> 'EUR' and outcome = 'offered'",
    )
    return night, {"held": held, "ended": ended, "lost": lost}


def test_what_holds_ended_and_lost_its_place_is_said(
    later: tuple[Night, dict[str, str]],
) -> None:
    """In the tables, the letter and the summary, each under its own name."""
    night, sellers = later
    staff, english, ended = (
        run(night, sellers[name], "--currency", "eur", *words)
        for name, words in (("held", ()), ("held", ("--locale", "en")), ("ended", ()))
    )
    short = run(night, sellers["lost"], "--currency", "jpy")
    (account,) = json.loads(run(night, sellers["held"], "--currency", "eur", "--json"))[
        "accounts"
    ]

    assert "earlier offers that hold" in staff
    command = f"explain {sellers['held']} --currency EUR --as-of 2026-10-30"
    assert command in staff
    assert ": not better by 10%" in staff
    assert "Our offer of October 30, 2026 still holds until November 30, 2026" in (
        english
    )
    assert "We can offer you" not in english
    assert {"kept"} == {offer["outcome"] for offer in account["past_offers"]}
    assert "withdrawn: ADVANCE_ACCEPTED" in ended
    assert "no place in the night's 320,000,000 JPY" in short
    reasons = {code: category for code, category, _ in summarise(night).top_reasons}
    assert reasons["BUDGET_EXHAUSTED"] == "budget"


def test_the_policy_is_the_recorded_one(night: Night) -> None:
    """Not the file of today; that only where a warehouse has no record yet."""
    (seller,) = found(
        night,
        "select min(seller_id) as seller_id from underwriting.advance_offers",
    )

    def days_asked() -> set[float | None]:
        (account, *_) = explain(night, seller, None).accounts
        return {
            rule.threshold for rule in account.rules if rule.code == "SHORT_HISTORY"
        }

    change(
        night,
        "update underwriting.policies set content = replace(content,"
        """ '"minimum_history_days": 90, "minimum_repaid',"""
        """ '"minimum_history_days": 77, "minimum_repaid')""",
    )
    recorded = days_asked()
    change(night, "drop table underwriting.policies")

    assert (recorded, days_asked()) == ({77.0}, {90.0})
