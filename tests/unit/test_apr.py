"""The apr command: its words, its JSON, and the errors that say what to do."""

import json
import sys

import pytest

from jobs.__main__ import main

DAILY = [f"--payment=2023-11-30:{amount}" for amount in ("100", "120")]
DAILY += [f"--payment=2023-12-0{day}:220" for day in range(1, 5)]


def run(
    monkeypatch: pytest.MonkeyPatch, *options: str, advance: str = "1000"
) -> int | str | None:
    """Run ``advances apr`` and return its exit code."""
    line = ["advances", "apr", "--advance", advance, "--on", "2023-10-26", *options]
    monkeypatch.setattr(sys, "argv", line)
    try:
        main()
    except SystemExit as stop:
        return stop.code
    return 0


def test_prints_the_rate_unrounded_and_how_it_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON holds the rate beside unit period, t and f of the first payment, method."""
    assert run(monkeypatch, *DAILY, "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert told["apr_percent"] == pytest.approx(94.15, abs=5e-3)
    assert told["apr_percent"] != round(told["apr_percent"], 4)
    assert (told["unit_period"], told["t"], told["f"]) == ("day", 35, 0.0)
    assert (told["method"], told["outcome"]) == ("us", "found")
    assert (told["finance_charge_minor"], told["term_days"]) == (10_000, 39)


def test_shows_the_rate_with_its_term(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same charge is dearer the faster it is repaid, so both are shown, in yen."""
    assert run(monkeypatch, *DAILY, "--currency", "JPY") == 0
    shown = capsys.readouterr().out

    assert "APR 94.15 %" in shown
    assert "finance charge ¥100, total ¥1,100" in shown
    assert "over 39 days" in shown


@pytest.mark.parametrize(
    ("payment", "said"),
    [("900", "the rate is negative"), ("0", "no rate makes them worth the advance")],
)
def test_says_what_became_of_odd_flows(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    payment: str,
    said: str,
) -> None:
    """Too little, or nothing, is an answer and no failure."""
    assert run(monkeypatch, f"--payment=2023-11-30:{payment}") == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "advance", "said"),
    [
        (["--payment=2023-10-25:1"], "1000", "before the advance, 2023-10-26"),
        (["--payment=30.11.2023:1"], "1000", "such as 2023-11-30:220"),
        (["--payment=2023-11-30:0.001"], "1000", "more decimals than USD (2)"),
        (["--payment=2023-11-30:1e3"], "1000", "not an amount such as 1200"),
        (["--payment=2023-11-30:-1"], "1000", "negative; it must be 0 or more"),
        (["--payment=2023-11-30:1", "--currency=JPY"], "1.5", "decimals than JPY (0)"),
        (["--payment=2023-11-30:1", "--currency=XAU"], "1", "with no exponent"),
        (["--payment=2023-11-30:1"], "0", "The advance must be above 0"),
        (["--payment=2023-11-30:1", "--unit=fortnight"], "1", "'fortnight'"),
    ],
)
def test_refuses_bad_input_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    advance: str,
    said: str,
) -> None:
    """Exit code 2, and a sentence that names what is wrong."""
    assert run(monkeypatch, *options, advance=advance) == 2
    assert said in capsys.readouterr().err
