"""Whether the money ties: quality, payouts, settlement files, holdbacks."""

from decimal import ROUND_FLOOR

from jobs.pages.blocks import (
    Block,
    Note,
    Section,
    Table,
    money,
    number,
    share,
    text,
    words,
)
from jobs.pages.facts import Facts


def reconciliation(facts: Facts) -> Section:
    """Return whether the money ties: quality, payouts, settlements, holdbacks."""
    return Section(
        "reconciliation",
        "Reconciliation",
        "Whether what the source says, the ledger, payouts, settlement files and"
        " holdbacks agree.",
        (
            _quality(facts),
            _payouts(facts),
            _settlements(facts),
            _uncleared(facts),
            _differences(facts),
            _faults(facts),
        ),
    )


def _quality(facts: Facts) -> Block:
    rows = facts.rows("quality")
    if not rows:
        return Note("Money quality was not measured on this night.", is_missing=True)
    return Table(
        "Money quality",
        (
            "Check",
            "Currency",
            "Checked",
            "Failed",
            "Checked amount",
            "Failed amount",
            "Passed",
            "State",
        ),
        tuple(
            (
                text(words(row["check_name"])),
                text(code := row["currency_code"]),
                number(row["checked_count"], f"{name}.{code}.checked_count"),
                number(row["failed_count"], f"{name}.{code}.failed_count"),
                money(row["checked_minor"], code),
                money(row["failed_minor"], code, f"{name}.{code}.failed_minor"),
                # What failed by a cent never reads as if all had passed.
                share(row["passed_rate"], f"{name}.{code}.passed_rate", ROUND_FLOOR),
                text(words(row["state"])),
            )
            for row in rows
            for name in [f"reconciliation.{row['check_name']}"]
        ),
    )


def _payouts(facts: Facts) -> Block:
    rows = facts.rows("payouts")
    if not rows:
        return Note(
            "No payouts to reconcile, or their mart is not built.", is_missing=True
        )
    return Table(
        "Payouts against their ledger lines",
        ("Residual", "Currency", "Payouts", "Residual amount"),
        tuple(
            (
                text(words(row["residual_reason"])),
                text(code := row["currency_code"]),
                number(row["payout_count"], f"payouts.{row['residual_reason']}.{code}"),
                money(row["residual_minor"], code),
            )
            for row in rows
        ),
        note="Not initiated is money still collected for a payout to come.",
    )


def _settlements(facts: Facts) -> Block:
    rows = facts.rows("findings")
    if not rows:
        return Note("No settlement files have been reconciled yet.", is_missing=True)
    return Table(
        f"Settlement files, as reconciled on {rows[0]['as_of_date']}",
        ("Finding", "Currency", "Lines", "Difference"),
        tuple(
            (
                text(words(row["finding"])),
                text(code := row["currency_code"]),
                number(row["line_count"], f"settlements.{row['finding']}.{code}"),
                money(row["difference_minor"], code) if code else text(None),
            )
            for row in rows
        ),
    )


def _uncleared(facts: Facts) -> Block:
    if not facts.is_built("uncleared"):
        return Note("The mart of uncleared flows is not built.", is_missing=True)
    rows = facts.rows("uncleared")
    if not rows:
        return Note("Every flow is cleared.")
    return Table(
        "Flows that are not cleared",
        ("Flow", "Reason", "Currency", "Flows", "Residual", "Oldest, days"),
        tuple(
            (
                text(words(row["flow"])),
                text(words(row["reason"])),
                text(code := row["currency_code"]),
                number(row["flow_count"]),
                money(row["residual_minor"], code),
                number(row["oldest_days"]),
            )
            for row in rows
        ),
    )


def _differences(facts: Facts) -> Block:
    if not facts.is_built("differences"):
        return Note("What was taken has not been checked.", is_missing=True)
    rows = facts.rows("differences")
    if not rows:
        return Note("Everything that was taken was as due.")
    return Table(
        "Taken of advances, where it was not as due",
        ("Kind", "Reason", "Currency", "Days", "Due", "Taken", "Difference"),
        tuple(
            (
                text(row["kind"]),
                text(words(row["reason"])),
                text(code := row["currency_code"]),
                number(row["difference_count"], f"differences.{row['reason']}.{code}"),
                money(row["expected_minor"], code),
                money(row["taken_minor"], code),
                money(row["difference_minor"], code),
            )
            for row in rows
        ),
    )


def _faults(facts: Facts) -> Block:
    if not facts.is_built("faults"):
        return Note("The mart of faults of advances is not built.", is_missing=True)
    rows = facts.rows("faults")
    if not rows:
        return Note("No row of an advance is at odds with another.")
    return Table(
        "Faults of advances",
        ("Fault", "Currency", "Rows", "Refused"),
        tuple(
            (
                text(words(row["fault"])),
                text(code := row["currency_code"]),
                number(row["row_count"], f"faults.{row['fault']}.{code}"),
                money(row["refused_minor"], code),
            )
            for row in rows
        ),
    )
