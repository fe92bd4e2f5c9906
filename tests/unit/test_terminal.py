"""What a person sees of a night."""

from pathlib import Path

import pytest
from nights import night_of

from jobs.nightly import CurrencyOffers, Summary
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample
from jobs.terminal import print_summary
from jobs.watch import Watched

CALM = Watched(14, (), ("no accuracy marts yet",))


def printed(
    watched: Watched, home: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Return the lines of the summary of a night that was watched so."""
    offers = (
        CurrencyOffers("EUR", 2, 4, 250_000, 0.06),
        CurrencyOffers("JPY", 1, 2, 90_000, 0.06),
    )
    summary = Summary(
        evaluated_count=9,
        eligible_count=3,
        opened_count=4,
        fates={"kept": 2},
        offers=offers,
        held_count=1,
        limited_count=0,
        top_reasons=(),
        quarantined_count=0,
        first_quarantined=(),
        watched=watched,
        report="/reports/report-2026-10-31.html",
        offers_hash="0123456789abcdef",
    )
    sample = Sample()
    night = night_of(home, SampleSource(sample, home), sample.end_date)
    print_summary(night, summary, {})
    return capsys.readouterr().out.splitlines()


def test_a_calm_night_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many checks, none amber, and what could not be checked."""
    lines = printed(CALM, tmp_path, capsys)

    assert "Watch: 14 checks, none amber; no accuracy marts yet" in lines
    assert [line for line in lines if "AMBER" in line] == []


def test_an_amber_night_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each breach is a line to search for; beyond a few, the table has the rest."""
    sentences = tuple(f"approvals of JP [{place}] fell" for place in range(7))

    lines = printed(Watched(14, sentences, ()), tmp_path, capsys)

    start = lines.index("Watch: 14 checks, 7 amber")
    assert lines[start + 1 : start + 6] == [
        f"  AMBER: {sentence}" for sentence in sentences[:5]
    ]
    assert lines[start + 6] == "  and more in underwriting.watch_findings"
