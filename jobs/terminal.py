"""What a person sees of results: the summary of a night, lists, tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from jobs.console import at_least, console
from jobs.underwriting.money import format_minor

# What is printed takes long to import, and printing does not need it.
if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from jobs.audit_rates import RateAudit
    from jobs.backtest_policy_figures import Replayed as ReplayedPolicy
    from jobs.backtest_report import Backtest
    from jobs.book import Booked
    from jobs.check_repayments import Checked
    from jobs.night import Night
    from jobs.nightly import Summary
    from jobs.product.postgres import Publication
    from jobs.reconcile import Reconciled
    from jobs.replay import Replayed
    from jobs.scorecard import Score
    from jobs.warn import Warned
    from jobs.watch import Watched

#: Amber checks that are printed before the reader is sent to the table.
_AMBER_LINES = 5
_RESIDUAL_LINES = 20
#: Warnings of a currency that are printed before that.
_WARNING_LINES = 10

#: A file or a pipe has no width of its own, and a wide table must not be cut there.
_WIDE_COLUMNS = 110


def tell(line: str) -> None:
    """Print one line under the result it belongs to."""
    console.print(f"  {line}", markup=False)


def print_wide(part: Table | str) -> None:
    """Print a line or a table as wide as it needs where no terminal bounds it."""
    wide = console if console.is_terminal else at_least(_WIDE_COLUMNS)
    wide.print(part, soft_wrap=False)


def print_summary(night: Night, summary: Summary, seconds: dict[str, float]) -> None:
    """Print the night at a glance, and where the time went if that was asked."""
    offer_count = sum(row.offer_count for row in summary.offers)
    console.print(
        f"\n[bold]{night.as_of_date}[/bold]: {summary.evaluated_count:,} evaluated,"
        f" {summary.eligible_count:,} eligible, {offer_count:,} offers open"
    )
    fates = "".join(
        f", {summary.fates[fate]:,} {fate}"
        for fate in ("kept", "accepted", "replaced", "withdrawn")
        if fate in summary.fates
    )
    console.print(f"  {summary.opened_count:,} opened tonight{fates}")
    for row in summary.offers:
        amount = format_minor(row.largest_advance_minor, row.currency_code)
        console.print(
            f"  {row.currency_code}  {row.seller_count:,} sellers,"
            f" {row.offer_count:,} offers, up to {amount} in all,"
            f" median fee {row.median_fee_rate:.1%}"
        )
    if summary.held_count or summary.limited_count:
        console.print(
            f"Unusual sales: {summary.held_count:,} sellers held for review,"
            f" {summary.limited_count:,} limited (underwriting.guard_findings)"
        )
    if summary.top_reasons:
        console.print("Why the others got none (a seller may have several reasons):")
    for code, category, count in summary.top_reasons:
        console.print(f"  {code:<28} {category:<8} {count:,} sellers")
    console.print(f"Quarantined rows: {summary.quarantined_count:,}")
    for line in summary.first_quarantined:
        tell(line)
    if summary.quarantined_count > len(summary.first_quarantined):
        tell("and more in raw.quarantine")
    print_watched(summary.watched)
    console.print(f"Report: {summary.report}", markup=False)
    console.print(f"Results: {night.warehouse_address}")
    console.print(f"Offers hash: {summary.offers_hash}")
    total = sum(seconds.values())
    for step, taken in seconds.items():
        console.print(f"  {step:<18} {taken:6.1f} s  {taken / total:4.0%}")


def print_watched(watched: Watched) -> None:
    """Print how the night compares, and a line for each of the first amber checks."""
    count, amber = watched.checked_count, watched.amber
    found = f"{len(amber):,} amber" if amber else "none amber"
    checks = "1 check" if count == 1 else f"{count:,} checks"
    console.print("; ".join([f"Watch: {checks}, {found}", *watched.unchecked]))
    for sentence in amber[:_AMBER_LINES]:
        console.print(f"  [yellow]AMBER[/yellow]: {escape(sentence)}")
    if len(amber) > _AMBER_LINES:
        tell("and more in underwriting.watch_findings")


def print_published(published: Publication | None) -> None:
    """Print the hash of what is on offer; nothing where nothing was published."""
    if published:
        console.print(f"Published; offers hash {published.offers_hash[:16]}")


def print_booked(booked: Booked | None) -> None:
    """Print how much was booked; nothing of a night without advances."""
    if booked:
        console.print(
            f"{booked.advance_count:,} advances booked, {booked.line_count:,} lines"
        )


def print_checked(checked: Checked) -> None:
    """Print how many advances were checked, and the differences by reason."""
    console.print(
        f"{checked.advance_count:,} advances checked,"
        f" {sum(checked.reasons.values()):,} differences;"
        f" {checked.gated_count:,} of a seller behind a gate"
    )
    for reason, count in checked.reasons.items():
        tell(f"{reason}: {count:,}")


def print_replayed(night: Night, found: Replayed) -> None:
    """Print how much was replayed, by which code, and the first differences."""
    console.print(
        f"{night.as_of_date}, policy {', '.join(found.policy_versions)}:"
        f" {found.row_count:,} rows replayed, {len(found.differences):,} values differ"
    )
    for code in found.other_code_versions:
        tell(f"decided by code {code}, replayed by another")
    for difference in found.differences[:_RESIDUAL_LINES]:
        tell(str(difference))


def print_reconciled(reconciled: Reconciled) -> None:
    """Print what was found, and a line for each of the first residuals."""
    later = reconciled.later_file_count
    known = f"; {later:,} are of later nights" if later else ""
    console.print(f"{reconciled.file_count:,} settlement files{known}")
    for name, count in reconciled.counts.items():
        tell(f"{name}: {count:,}")
    for sentence in reconciled.residuals[:_RESIDUAL_LINES]:
        console.print(f"  {escape(sentence)}")
    if len(reconciled.residuals) > _RESIDUAL_LINES:
        tell("and more in underwriting.reconciliation_findings")


def print_warned(warned: Warned) -> None:
    """Print how much is at risk in each currency, and the first of its warnings."""
    rows = warned.warnings
    for code, of_currency in rows.groupby("currency_code"):
        amount = format_minor(int(of_currency["at_risk_minor"].sum()), str(code))
        console.print(f"{code}: {amount} at risk of {len(of_currency):,} advances")
        for row in of_currency.head(_WARNING_LINES).to_dict("records"):
            at_risk = format_minor(row["at_risk_minor"], str(code))
            left = format_minor(row["balance_minor"], str(code))
            tell(
                f"{row['risk_rank']}. {row['advance_id']} of {row['seller_id']}:"
                f" {at_risk} of {left}, {row['signs'].replace(',', ', ')}"
            )
        if len(of_currency) > _WARNING_LINES:
            tell("and more in underwriting.early_warnings")


def print_rate_audit(audited: RateAudit) -> None:
    """Print the outcome, what it counts, and every rate that was inaccurate."""
    counts = audited.rows["verdict"].value_counts()
    failed = audited.inaccurate
    judged = int(counts.get("accurate", 0)) + len(failed)
    outcome = "FAIL" if len(failed) else "PASS" if judged else "NOTHING TO JUDGE"
    console.print(
        f"{outcome}: {audited.law}, {len(audited.rows):,} advances paid off since"
        f" {audited.first_date}, {judged:,} judged, {len(failed):,} inaccurate;"
        f" {counts.get('undisclosed', 0):,} without a stored disclosure,"
        f" {counts.get('no_rate', 0):,} without a rate"
    )
    if judged:
        mean = audited.rows["difference_percent"].mean()
        tell(f"true less disclosed: {mean:+.2f} points on average")
    for row in failed.to_dict("records"):
        tell(
            f"{row['advance_id']} of {row['seller_id']}: disclosed"
            f" {row['disclosed_percent']:.2f} %, true {row['true_percent']:.2f} %"
        )


def print_backtest(result: Backtest) -> None:
    """Print the scores by horizon, then those on the peers' sample of series."""
    _print_scores("All series", result, {result.model_version: result.scores})
    if result.peers:
        _print_scores("The peers' series", result, result.peer_scores)


def _print_scores(title: str, result: Backtest, scores: dict[str, list[Score]]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("forecaster")
    for column in ("days", "n", "loss", "ratio", "80 %", "95 %", "Brier", "error"):
        table.add_column(column, justify="right")
    for place, days in enumerate(result.horizons_days):
        for name, of_name in scores.items():
            each = of_name[place]
            numbers = (
                each.weighted_quantile_loss,
                each.ratio_to_seasonal_naive,
                each.coverage_80.inside,
                each.coverage_95.inside,
                each.brier,
                each.calibration_error,
            )
            texts = (f"{number:.3f}" for number in numbers)
            table.add_row(name, str(days), f"{each.row_count:,}", *texts)
    console.print(table)


#: Columns of a policy backtest do not fit a narrow terminal, nor are they cut to it.
_WIDE = 120
_MOST_ROWS = 20
_TITLES = {
    "policies": "Lent and lost; the rules and the true level at the volume of policy A",
    "compared": "Loss rate of policy A over others', 90 % intervals, without whom",
    "promises": "Promised and kept, 90 % intervals",
    "origins": "Policy A at the last origins; all are in the JSON",
    "groups": "Policy A by group",
    "swap_set": "Who is funded by policy A, by the other, by both",
}


def print_policy_backtest(results: list[ReplayedPolicy]) -> None:
    """Print every section of every term as a table."""
    wide = at_least(_WIDE)
    for result in results:
        console.print(
            f"\n[bold]{result.tier.target_term_days} days at"
            f" {100 * result.tier.confidence_rate:g} %[/bold], window"
            f" {result.window_days} days, {len(result.origins)} origins in"
            f" {len(set(result.block.tolist()))} blocks of a term:"
            f" {result.known_count:,} sellers who had sold,"
            f" {len(result.cases.rows):,} passed the gate"
        )
        for code, amount in result.volume_minor.items():
            tell(f"advanced {format_minor(amount, code)}")
        for name, rows in result.sections.items():
            table = Table(
                title=_TITLES[name],
                title_justify="left",
                box=SIMPLE_HEAD,
                padding=(0, 1),
                collapse_padding=True,
                pad_edge=False,
            )
            for key, value in rows[0].items():
                is_text = isinstance(value, str)
                suffix = next(filter(key.endswith, ("_rate", "_count", "_units")), "")
                title = key.removesuffix(suffix).replace("_", "\n")
                justify: JustifyMethod = "left" if is_text else "right"
                table.add_column(title, justify=justify, no_wrap=True)
            for row in rows[-_MOST_ROWS:]:
                table.add_row(*(_cell(key, value) for key, value in row.items()))
            wide.print(table, soft_wrap=False)


def _cell(key: str, value: str | float | None) -> str:
    """Show a value by its key's unit; a dash where nothing could be measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, str):
        return value
    if key.endswith(("_rate", "_share")):
        return f"{value:.1%}"
    if key.endswith("_days"):
        return f"{value:.0f}" if math.isfinite(value) else "never"
    if isinstance(value, int) or key.endswith("_units"):
        return f"{value:,.0f}"
    return f"{value:,.2f}"
