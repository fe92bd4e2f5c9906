"""The explain command on a finished night: every answer, from what was stored."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import SAMPLE
from nights import rows_of

from jobs.__main__ import cli
from jobs.explain import Explained, explain
from jobs.night import Night
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
    return done.output


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
        DataError, match=r"seller 'nobody' on 2026-10-31; nights stored"
    ):
        explain(finished_night, "nobody", None)
    with pytest.raises(
        DataError, match=r"no decisions for 2026-10-30; .* 2026-10-31 \("
    ):
        explain(earlier, known[0], None)
    with pytest.raises(DataError, match="not BRL; give one of those"):
        explain(finished_night, known[0], "BRL")
