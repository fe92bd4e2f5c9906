"""The portfolio: who has a place, beside a plain loop, and what a seller is told."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.exposure import commitments
from jobs.underwriting.policy import Policy
from jobs.underwriting.portfolio import Wanted, cohort_months, places
from jobs.underwriting.reasons import BY_CODE

from .builders import AS_OF_DATE, DAILY, YEN, grid, health, offered, policy, unbound

KINDS: tuple[dict[str, Any], ...] = (
    {"country_code": "FR", "tenure_days": 700},
    {"country_code": "ES", "tenure_days": 120},
    {**YEN, "tenure_days": 120},
    {"country_code": "FR", "tenure_days": 130},
)


def small(budget: int = 900, floor: int = 300) -> Policy:
    """Return the policy in force with tiny budgets and floors, in every currency."""
    rules = policy()
    amounts = {"nightly_budget_minor": budget, "group_exposure_floor_minor": floor}
    currencies = {
        code: table.model_copy(update=amounts)
        for code, table in rules.currencies.items()
    }
    return rules.model_copy(update={"currencies": currencies})


def people(count: int) -> pd.DataFrame:
    """Return sellers in euros of two countries and two cohorts, and in yen."""
    return health(
        *(
            {
                **KINDS[place % 4],
                "seller_id": f"seller-{place}",
                "legal_entity_id": f"{place}",
            }
            for place in range(count)
        )
    )


def plain_places(
    rows: pd.DataFrame, wanted: Wanted, owing: pd.DataFrame, rules: Policy
) -> list[bool]:
    """Go through each cut and each seller one by one."""
    assert rules.portfolio
    table = rows.assign(
        place=range(len(rows)),
        cohort=cohort_months(rows, AS_OF_DATE).to_numpy(),
        advance=wanted.advance_minor,
        owed=wanted.owed_minor,
        best=np.round(wanted.annual_return_rate, 6),
    ).sort_values(["best", "seller_id"], ascending=[False, True])
    owing = owing.assign(cohort=cohort_months(owing, AS_OF_DATE).to_numpy())
    has_place = [True] * len(rows)
    shares = {
        "cohort": rules.portfolio.cohort_book_share_rate,
        "country_code": rules.portfolio.country_book_share_rate,
        None: None,
    }
    for name, share in shares.items():
        taken: dict[Any, int] = {}
        lost = []
        for row in table.to_dict("records"):
            amount = row["owed"] if name else row["advance"]
            if not has_place[row["place"]] or not amount:
                continue
            code = row["currency_code"]
            limit = rules.currencies[code].nightly_budget_minor
            group = (code, row[name] if name else None)
            if name:
                mine = owing[owing["currency_code"] == code]
                book = mine["committed_minor"].sum()
                book += table.loc[table["currency_code"] == code, "owed"].sum()
                floor = rules.currencies[code].group_exposure_floor_minor
                of_group = mine[mine[name] == row[name]]
                limit = max(floor, np.floor(share * book))
                limit -= of_group["committed_minor"].sum()
                old = row["tenure_days"] > rules.portfolio.cohort_within_days
                if (name == "cohort" and old) or (name != "cohort" and code == "JPY"):
                    continue
            taken[group] = taken.get(group, 0) + amount
            if taken[group] > limit:
                lost.append(row["place"])
        for place in lost:
            has_place[place] = False
    return has_place


class TestPlaces:
    """Who goes without."""

    @given(st.data())
    def test_is_what_a_plain_loop_says(self, data: st.DataObject) -> None:
        """Any amounts and returns, in any order of the rows."""
        count = data.draw(st.integers(1, 14))
        amounts = st.lists(st.integers(0, 400), min_size=count, max_size=count)
        rows = people(count)
        advance = np.array(data.draw(amounts))
        returns = st.sampled_from([0.01, 0.02, 0.05])
        best = np.array(data.draw(st.lists(returns, min_size=count, max_size=count)))
        wanted = Wanted(advance, advance + advance // 10, best)
        owing = commitments(rows, np.array(data.draw(amounts)))
        found = places(rows, wanted, owing, small(), AS_OF_DATE)
        assert plain_places(rows, wanted, owing, small()) == found.tolist()
        order = np.array(data.draw(st.permutations(range(count))))
        mixed = Wanted(advance[order], wanted.owed_minor[order], best[order])
        again = places(
            rows.iloc[order].reset_index(drop=True), mixed, owing, small(), AS_OF_DATE
        )
        assert found[order].tolist() == again.tolist()

    def test_the_best_return_goes_first_and_a_tie_by_name(self) -> None:
        """A budget of 900 takes 500 of the best, then 400 of the first by name."""
        rows = people(4).assign(currency_code="JPY", tenure_days=700)
        wanted = Wanted(
            np.array([400, 500, 400, 50]),
            np.array([440, 550, 440, 55]),
            np.array([0.02, 0.03, 0.02, 0.01]),
        )
        owing = commitments(rows, np.zeros(4, dtype=np.int64))
        found = places(rows, wanted, owing, small(), AS_OF_DATE)
        assert found.tolist() == [True, True, False, False]

    def test_a_budget_is_never_overspent_and_told_as_one(self) -> None:
        """Sellers without a place hear of the budget, never of their credit."""
        budget = policy(
            ("nightly_budget_minor = 200_000_000", "nightly_budget_minor = 2_500_000")
        )
        rows = people(12)
        free = offered(rows, grid(DAILY * 6), unbound())
        found = offered(rows, grid(DAILY * 6), budget)
        spent = found.offers.groupby(["currency_code", "seller_id"])["advance_minor"]
        cash = spent.max().groupby("currency_code").sum()
        assert 0 < cash["EUR"] <= 2_500_000
        told = found.evaluations["reason_code"].isin(["BUDGET_EXHAUSTED"])
        assert len(free.offers) == len(found.offers) + told.sum()
        assert set(found.evaluations.loc[told, "currency_code"]) == {"EUR"}
        assert BY_CODE["BUDGET_EXHAUSTED"].category == "budget"
