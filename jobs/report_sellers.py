"""Sellers of the report: who is in the table, who has a card, and what is on it."""

from collections.abc import Sequence
from datetime import timedelta

from jobs.explain import Explained, Explainer
from jobs.pages.blocks import Row
from jobs.pages.seller_facts import SellerFacts
from jobs.pages.seller_table import Chosen
from jobs.report_queries import OPEN_OFFERS
from jobs.report_reads import Answers

_TABLE_ROWS = 500
_CARDS = 12
_WEEKS = 78
#: An offer holds for some weeks: what it disclosed is of a night not long before.
_DISCLOSED_DAYS = 90

#: Why a seller is chosen, the column that ranks it, and its share of the table.
_KINDS = {
    "largest offers": ("offer_place", 0.48),
    "most at risk": ("risk_place", 0.28),
    "in review": ("review_place", 0.12),
    "nearest to an offer": ("near_place", 0.12),
}
RULE = (
    "In each currency: the largest offers, the most money at risk, those in review, and"
    " those with one reason that is nearest to being met."
)
CARDS_RULE = (
    "In each currency the first of each kind: the largest offer, the most at risk, one"
    " in review, the nearest to an offer."
)

#: The chosen sellers, with their place in each kind.
RANKED = f"""
    with {OPEN_OFFERS},
    placed as (
        select *, row_number() over (
            partition by seller_id, currency_code
            order by advance_minor desc, target_term_days
        ) as place
        from open_offers
    ),
    largest as (select * from placed where place = 1),
    risks as (
        select seller_id, currency_code, sum(at_risk_minor) as at_risk_minor
        from underwriting.early_warnings
        where as_of_date = $as_of_date and policy_version = $policy_version
        group by seller_id, currency_code
    ),
    nearest as (
        select seller_id, currency_code, min(relative_distance) as distance
        from offers.fct_eligibility_reasons
        where as_of_date = $as_of_date and policy_version = $policy_version
            and unit <> 'flag'
        group by seller_id, currency_code
    ),
    sellers as (
        select decisions.seller_id, decisions.country_code, decisions.currency_code,
            decisions.outcome, decisions.main_reason_code, decisions.reason_count,
            largest.advance_minor, largest.fee_rate, risks.at_risk_minor,
            nearest.distance, health.repayable_91_days_minor,
            health.open_advance_balance_minor as owed_minor
        from offers.fct_eligibility_decisions as decisions
        left join largest on decisions.seller_id = largest.seller_id
            and decisions.currency_code = largest.currency_code
        left join risks on decisions.seller_id = risks.seller_id
            and decisions.currency_code = risks.currency_code
        left join nearest on decisions.seller_id = nearest.seller_id
            and decisions.currency_code = nearest.currency_code
        left join cash_flow.fct_seller_health_daily as health
            on decisions.seller_id = health.seller_id
            and decisions.currency_code = health.currency_code
            and health.as_of_date = $as_of_date
        where decisions.as_of_date = $as_of_date
            and decisions.policy_version = $policy_version
    ),
    marked as (
        select *,
            case when main_reason_code = 'UNUSUAL_SALES'
                then repayable_91_days_minor end as review_minor,
            case when reason_count = 1 and advance_minor is null
                then distance end as near_distance
        from sellers
    ),
    ranked as (
        select *,
            row_number() over (partition by currency_code
                order by coalesce(advance_minor, -1) desc, seller_id) as offer_place,
            row_number() over (partition by currency_code
                order by coalesce(at_risk_minor, -1) desc, seller_id) as risk_place,
            row_number() over (partition by currency_code
                order by coalesce(review_minor, -1) desc, seller_id) as review_place,
            row_number() over (partition by currency_code
                order by coalesce(near_distance, 1e9), seller_id) as near_place
        from marked
    )
    select seller_id, country_code, currency_code, outcome, main_reason_code,
        advance_minor, fee_rate, cast(at_risk_minor as int64) as at_risk_minor,
        repayable_91_days_minor, owed_minor,
        case when advance_minor is not null then offer_place end as offer_place,
        case when at_risk_minor is not null then risk_place end as risk_place,
        case when review_minor is not null then review_place end as review_place,
        case when near_distance is not null then near_place end as near_place
    from ranked
    where (advance_minor is not null and offer_place <= $offer_place)
        or (at_risk_minor is not null and risk_place <= $risk_place)
        or (review_minor is not null and review_place <= $review_place)
        or (near_distance is not null and near_place <= $near_place)
    order by currency_code, offer_place, risk_place, seller_id"""

_COUNT = """
    select count(*) as seller_count, count(distinct currency_code) as currency_count
    from underwriting.eligibility_decisions
    where as_of_date = $as_of_date and policy_version = $policy_version"""


def choose(answers: Answers) -> Chosen:
    """Return the sellers of the table, each with why it was chosen."""
    (counts,) = answers.ask(_COUNT) or [{"seller_count": 0, "currency_count": 0}]
    each = _TABLE_ROWS / max(counts["currency_count"], 1)
    places = {column: max(1, int(each * part)) for column, part in _KINDS.values()}
    found = answers.ask(RANKED, **places) or []
    rows = [{**row, "why": ", ".join(_why(row, places))} for row in found[:_TABLE_ROWS]]
    return Chosen(rows, int(counts["seller_count"]), RULE)


def _why(row: Row, places: dict[str, int]) -> list[str]:
    return [
        why
        for why, (column, _) in _KINDS.items()
        if row[column] is not None and row[column] <= places[column]
    ]


def choose_cards(chosen: Chosen) -> dict[str, str]:
    """Return up to twelve sellers, each with why: the first of each kind, in turn."""
    found: dict[str, str] = {}
    kinds = {why: column for why, (column, _) in _KINDS.items()}
    for place in range(1, _CARDS + 1):
        for why, column in kinds.items():
            for row in chosen.rows:
                if row[column] == place and len(found) < _CARDS:
                    said = f"Chosen for: {why}, {row['currency_code']}."
                    found.setdefault(row["seller_id"], said)
        if len(found) >= len({row["seller_id"] for row in chosen.rows}):
            break
    return found


def read_sellers(
    answers: Answers, why: dict[str, str]
) -> tuple[tuple[SellerFacts, ...], ...]:
    """Return what is on the card of each; each table is read once for all of them.

    Raises DataError where the night decided nothing about one of them.
    """
    if not why:
        return ()
    explainer = Explainer(answers.night, answers.warehouse, list(why))
    of_sellers = _read(answers, list(why))
    return tuple(
        _accounts(explainer.explain(seller_id), said, of_sellers)
        for seller_id, said in why.items()
    )


def _accounts(
    explained: Explained, why: str, of_sellers: dict[str, list[Row]]
) -> tuple[SellerFacts, ...]:
    found = []
    for account, grid in zip(explained.accounts, explained.grids, strict=True):
        own = {
            name: [
                row
                for row in rows
                if row["seller_id"] == account.seller_id
                and row["currency_code"] == account.currency_code
            ]
            for name, rows in of_sellers.items()
        }
        found.append(SellerFacts(account, why, grid, **own))
    return tuple(found)


def _read(answers: Answers, seller_ids: Sequence[str]) -> dict[str, list[Row]]:
    names = {f"seller_{place}": each for place, each in enumerate(seller_ids)}
    ours = f"seller_id in ({', '.join(f'${name}' for name in names)})"
    night = answers.night.as_of_date
    questions = {
        "weeks": "select * from cash_flow.fct_seller_cash_flows_weekly"
        f" where {ours} and is_complete and week_start_date > $first_week"
        " and week_start_date <= $as_of_date"
        " order by seller_id, currency_code, week_start_date",
        "offers": "select offer_id, seller_id, currency_code,"
        " as_of_date as opened_date, expires_date, target_term_days,"
        " advance_minor, owed_minor, holdback_rate"
        " from underwriting.advance_offers where as_of_date = $as_of_date"
        f" and policy_version = $policy_version and {ours}"
        " union all select offer_id, seller_id, currency_code, opened_date,"
        " expires_date, target_term_days, advance_minor, owed_minor, holdback_rate"
        " from underwriting.open_offers where as_of_date = $as_of_date"
        f" and policy_version = $policy_version and outcome = 'kept' and {ours}"
        " order by target_term_days",
        "disclosures": "select * from underwriting.offer_disclosures"
        f" where {ours} and as_of_date > $disclosed_date and as_of_date <= $as_of_date",
        "advances": f"select * from book.rpt_advances where {ours}"
        " order by disbursed_date, advance_id",
    }
    dates = {
        "first_week": night - timedelta(weeks=_WEEKS),
        "disclosed_date": night - timedelta(days=_DISCLOSED_DAYS),
    }
    return {
        name: answers.ask(sql, **names, **dates) or []
        for name, sql in questions.items()
    }
