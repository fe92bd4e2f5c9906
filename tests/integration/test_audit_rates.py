"""The audit of rates reads the marts and what was disclosed, and keeps its verdicts."""

from dataclasses import replace

import pytest
from nights import change, rows_of, value_of

from jobs.audit_rates import audit_paid_off
from jobs.night import Night
from jobs.sources.protocol import DataError
from jobs.terminal import print_rate_audit


def disclose(night: Night, percent_by_offer: dict[str, float]) -> None:
    """Store these rates as what was disclosed of the offers behind the advances."""
    for offer_id, percent in percent_by_offer.items():
        change(
            night,
            "insert into underwriting.offer_disclosures by name select * replace"
            f" ('{offer_id}' as offer_id, {percent} as apr_percent)"
            " from underwriting.offer_disclosures"
            " where method = 'underwriting' limit 1",
        )


def test_without_disclosures_nothing_is_judged(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every advance paid off in the window, on the terms it began with, is listed."""
    audited = audit_paid_off(night, "new_york")
    print_rate_audit(audited)

    expected = value_of(
        night,
        "select count(*) from cash_flow.fct_advances"
        " where status = 'repaid' and closed_at >= timestamp '2025-11-01'"
        " and advance_id not in (select advance_id from cash_flow.fct_advance_changes)",
    )
    assert len(audited.rows) == expected > 0
    assert set(audited.rows["verdict"]) == {"undisclosed"}
    assert audited.rows["true_percent"].gt(0).all()
    assert f"{expected} without a stored disclosure" in capsys.readouterr().out


def test_rates_pass_or_fail_by_what_was_disclosed(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    """The true rate passes; a fifth more passes in California and fails in New York."""
    rows = audit_paid_off(night, "california").rows
    exact, above = rows.iloc[0], rows.iloc[1]
    disclose(
        night,
        {
            exact["offer_id"]: exact["true_percent"],
            above["offer_id"]: 1.2 * above["true_percent"],
        },
    )

    for law in ("california", "new_york"):
        print_rate_audit(audit_paid_off(night, law))

    passed, _, failed, _, line = capsys.readouterr().out.splitlines()
    assert passed.startswith("PASS: california")
    assert "2 judged, 0 inaccurate" in passed
    assert failed.startswith("FAIL: new_york")
    assert f"{above['advance_id']} of {above['seller_id']}: disclosed" in line
    assert {
        (row["law"], row["verdict"], row["count"])
        for row in rows_of(
            night,
            "select law, verdict, count(*) as count from underwriting.rate_audits"
            " where verdict <> 'undisclosed' group by law, verdict",
        )
    } == {
        ("california", "accurate", 2),
        ("new_york", "accurate", 1),
        ("new_york", "inaccurate", 1),
    }


def test_marts_of_another_night_are_refused(night: Night) -> None:
    """An audit knows what was repaid by its night, and says what to run."""
    earlier = replace(night, as_of_date=night.as_of_date.replace(day=1))

    with pytest.raises(DataError, match="run `advances build --as-of 2026-10-01`"):
        audit_paid_off(earlier, "california")
