"""The report's questions of the book, of the money, and of the data behind it."""

_TONIGHT = "as_of_date = $as_of_date and policy_version = $policy_version"

_BOOK_SUMS = (
    "outstanding_minor",
    "carrying_minor",
    "allowance_minor",
    "deferred_fee_minor",
    "income_minor",
    "repaid_change_minor",
    "past_plan_0_29_minor",
    "past_plan_30_59_minor",
    "past_plan_60_89_minor",
    "past_plan_90_179_minor",
    "past_plan_180_minor",
    "open_count",
)
PORTFOLIO = f"""
    select as_of_date, currency_code,
        {", ".join(f"cast(sum({name}) as int64) as {name}" for name in _BOOK_SUMS)}
    from book.rpt_portfolio_daily
    where as_of_date > $history_date and as_of_date <= $as_of_date
    group by as_of_date, currency_code order by as_of_date, currency_code"""

PACE = """
    select currency_code,
        1.0 * sum(repaid_minor)
            / nullif(sum(advance_minor + fee_minor - planned_balance_minor), 0)
            as pace_rate,
        sum(case when stage = 2 then 1 else 0 end) as slow_count,
        sum(case when stage = 3 then 1 else 0 end) as impaired_count
    from book.fct_advance_schedule
    where as_of_date = $as_of_date and balance_minor > 0
    group by currency_code order by currency_code"""

VINTAGES = """
    select currency_code, cohort_month, age_months, owed_minor, repaid_minor,
        written_off_minor, advance_count, repaid_rate
    from book.rpt_vintages where cohort_month >= $vintage_date
    order by currency_code, cohort_month, age_months"""

WARNINGS = f"""
    select currency_code, main_sign, count(*) as advance_count,
        cast(sum(at_risk_minor) as int64) as at_risk_minor,
        cast(sum(balance_minor) as int64) as balance_minor,
        cast(sum(expected_shortfall_minor) as int64) as expected_shortfall_minor
    from book.fct_early_warnings where {_TONIGHT}
    group by currency_code, main_sign order by currency_code, at_risk_minor desc"""

TOP_WARNINGS = f"""
    select advance_id, seller_id, currency_code, risk_rank, at_risk_minor,
        balance_minor, signs
    from book.fct_early_warnings where {_TONIGHT} and risk_rank <= 10
    order by currency_code, risk_rank"""

QUALITY = """
    select currency_code, check_name, checked_count, failed_count, checked_minor,
        failed_minor, passed_rate, state, reconciled_date
    from book.rpt_money_quality where as_of_date = $as_of_date
    order by check_name, currency_code"""

PAYOUTS = """
    select residual_reason, currency_code, count(*) as payout_count,
        cast(sum(abs(residual_minor)) as int64) as residual_minor
    from cash_flow.rpt_payout_reconciliation
    group by residual_reason, currency_code order by residual_reason, currency_code"""

UNCLEARED = """
    select flow, reason, currency_code, count(*) as flow_count,
        cast(sum(residual_minor) as int64) as residual_minor,
        max(age_days) as oldest_days
    from book.rpt_uncleared_flows
    group by flow, reason, currency_code order by flow, reason, currency_code"""

FINDINGS = """
    select as_of_date, finding, currency_code, count(*) as line_count,
        cast(sum(abs(difference_minor)) as int64) as difference_minor
    from underwriting.reconciliation_findings
    where policy_version = $policy_version and as_of_date = (
        select max(as_of_date) from underwriting.reconciliation_findings
        where as_of_date <= $as_of_date and policy_version = $policy_version
    )
    group by as_of_date, finding, currency_code order by finding, currency_code"""

DIFFERENCES = f"""
    select kind, reason, currency_code, count(*) as difference_count,
        cast(sum(expected_minor) as int64) as expected_minor,
        cast(sum(taken_minor) as int64) as taken_minor,
        cast(sum(difference_minor) as int64) as difference_minor
    from book.fct_repayment_differences where {_TONIGHT}
    group by kind, reason, currency_code order by kind, reason, currency_code"""

FAULTS = """
    select fault, currency_code, count(*) as row_count,
        cast(sum(refused_minor) as int64) as refused_minor
    from cash_flow.rpt_advance_faults
    group by fault, currency_code order by fault, currency_code"""

QUARANTINE = """
    select table_name, reason, count(*) as row_count
    from raw.quarantine where ingest_date = $as_of_date
    group by table_name, reason order by row_count desc, table_name, reason
    limit 40"""

QUARANTINED = """
    select table_name, origin, reason, seller_id, substr(content, 1, 240) as content
    from raw.quarantine where ingest_date = $as_of_date
    order by table_name, origin limit 20"""

QUARANTINE_COUNT = """
    select count(*) as row_count from raw.quarantine where ingest_date = $as_of_date"""

AUDITED = "select as_of_date, offer_count, open_count from offers.rpt_audited_night"
BUILT = "select as_of_date, data_as_of from cash_flow.rpt_built_night"
BOOKED = """
    select max(as_of_date) as booked_date from book.fct_advance_schedule
    where as_of_date <= $as_of_date"""
SCORED = """
    select max(matured_date) as matured_date from accuracy.rpt_forecast_accuracy
    where matured_date <= $as_of_date"""

BOOK_QUESTIONS: dict[str, str] = {
    "portfolio": PORTFOLIO,
    "pace": PACE,
    "vintages": VINTAGES,
    "warnings": WARNINGS,
    "top_warnings": TOP_WARNINGS,
    "quality": QUALITY,
    "payouts": PAYOUTS,
    "uncleared": UNCLEARED,
    "findings": FINDINGS,
    "differences": DIFFERENCES,
    "faults": FAULTS,
    "quarantine": QUARANTINE,
    "quarantined": QUARANTINED,
    "quarantine_count": QUARANTINE_COUNT,
    "audited": AUDITED,
    "built": BUILT,
    "booked": BOOKED,
    "scored": SCORED,
}
