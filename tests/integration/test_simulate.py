"""The simulate command on a finished night, as a product's slider would call it."""

import json
import sys
from datetime import timedelta

import pytest
from nights import rows_of

from jobs.__main__ import main
from jobs.night import Night

OFFERS = (
    "select seller_id, currency_code, advance_minor, fee_minor, target_term_days,"
    " repayment_p50_days, repayment_probability_rate"
    " from underwriting.advance_offers where currency_code = '{}'"
    " order by seller_id, target_term_days limit 2"
)


def run(
    monkeypatch: pytest.MonkeyPatch, night: Night, seller: str, *options: str
) -> int | str | None:
    """Run ``advances simulate`` on the night and return its exit code."""
    monkeypatch.setenv("ADVANCES_HOME", str(night.settings.home))
    words = ["advances", "simulate", seller, "--source", night.source.name]
    words[-1] = "sample:sellers=240,days=500,seed=5"
    words += ["--as-of", str(night.as_of_date), *options]
    monkeypatch.setattr(sys, "argv", words)
    try:
        main()
    except SystemExit as stop:
        return stop.code
    return 0


def test_answers_what_the_night_offered(
    finished_night: Night,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Asked for a stored offer, in euros or yen, it gives its fee, day and chance."""
    for code, decimals in (("EUR", 2), ("JPY", 0)):
        offers = rows_of(finished_night, OFFERS.format(code))
        assert offers
        for offer in offers:
            amount = f"{offer['advance_minor'] / 10**decimals:.{decimals}f}"
            term = f"--term={offer['target_term_days']}"
            seller = offer["seller_id"]
            options = (seller, "--advance", amount, "--currency", code, term)
            assert run(monkeypatch, finished_night, *options, "--json") == 0
            told = json.loads(capsys.readouterr().out)
            (flat,) = (row for row in told["scenarios"] if row["scenario"] == "flat")

            assert offer["fee_minor"] == told["fee_minor"]
            for name in ("repayment_p50_days", "repayment_probability_rate"):
                assert offer[name] == flat[name]
            assert 0 < flat["apr_percent"] < 1_000
            assert run(monkeypatch, finished_night, *options) == 0
            assert "a lost month" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seller", "options", "code", "said"),
    [
        ("nobody", ["--advance=100"], 3, "seller nobody has no forecast"),
        (None, ["--advance=0"], 2, "expected more than 0 and at most €250,000.00"),
        (None, ["--advance=250000.01"], 2, "at most €250,000.00, got €250,000.01"),
        (None, ["--advance=1.005"], 2, "more decimals than EUR (2)"),
        (None, ["--advance=100", "--term=900"], 2, "of 1 to 365 days"),
        (None, ["--advance=100", "--holdback=0.3"], 2, "at most 0.25"),
        (None, ["--advance=100", "--currency=JPY"], 3, "there is one in EUR"),
        (None, ["--advance=250000"], 0, "price above the cap"),
    ],
)
def test_says_what_is_wrong(  # noqa: PLR0913, PLR0917 - three are fixtures
    finished_night: Night,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seller: str | None,
    options: list[str],
    code: int,
    said: str,
) -> None:
    """2 for what is asked, 3 for what is not there, and a sentence with the limit."""
    if seller is None:
        alone = (
            "select seller_id from underwriting.advance_offers group by seller_id"
            " having min(currency_code) = 'EUR' and max(currency_code) = 'EUR'"
            " and seller_id not in (select seller_id from"
            " underwriting.forecast_quantiles where currency_code <> 'EUR')"
            " order by min(advance_minor) limit 1"
        )
        ((seller,),) = (row.values() for row in rows_of(finished_night, alone))

    assert code == run(monkeypatch, finished_night, seller, *options)
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_a_night_without_forecasts_has_no_answer(
    finished_night: Night,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Yesterday's forecasts are not tonight's."""
    other = Night(
        **{
            **vars(finished_night),
            "as_of_date": finished_night.as_of_date + timedelta(days=1),
        }
    )
    seller = rows_of(finished_night, OFFERS.format("EUR"))[0]["seller_id"]

    assert run(monkeypatch, other, seller, "--advance=100") == 3
    assert "`advances forecast predict`" in capsys.readouterr().err
