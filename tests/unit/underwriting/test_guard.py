"""The bust-out guard: what it finds, and that it declines nobody."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.guard import find_unusual
from jobs.underwriting.guarded_offers import Inputs, guarded_offers
from jobs.underwriting.offers import Offers
from jobs.underwriting.policy import Guard

from .builders import (
    AS_OF_DATE,
    DAILY,
    USUAL,
    YEN,
    book,
    grid,
    health,
    offered,
    policy,
)

RULES = policy().guard or pytest.fail("the policy in force has no guard")
SURGE = {"repayable_28_days_minor": 9_000_000}
ODD: dict[str, dict[str, int]] = {
    "ticket_ratio": {"item_28_days_count": 100},
    "best_days_share_rate": {"best_3_days_minor": 2_700_000},
    "undelivered_excess_rate": {"undelivered_recent_minor": 1_400_000},
    "refunded_after_advances_rate": {
        "captured_before_advances_minor": 1_000_000,
        "refunded_after_advances_minor": 500_000,
    },
}


def unusual_rows(*changes: dict[str, Any]) -> pd.DataFrame:
    """Return health rows with what the guard looks at, each changed as said."""
    return health(*({**USUAL, **change} for change in changes or ({}, YEN)))


def found(rows: pd.DataFrame, known: list[bool] | None = None) -> pd.DataFrame:
    """Find what is unusual where 1,000.00 a day were forecast for everyone."""
    past = grid([DAILY[0]] * len(rows))
    flags = np.array(known if known is not None else [True] * len(rows))
    return find_unusual(rows, past, flags, RULES)


def names(findings: pd.DataFrame) -> list[list[str]]:
    """Return what each finding names as evidence."""
    return [
        [each["name"] for each in json.loads(text)] for text in findings["evidence"]
    ]


class TestFindings:
    """Size first, then whatever else is odd."""

    def test_usual_sales_are_no_finding(self) -> None:
        """Within the band nothing is said, however odd the sales are otherwise."""
        rows = unusual_rows({}, {**YEN, **ODD["ticket_ratio"]})

        assert found(rows).empty

    def test_size_alone_limits(self) -> None:
        """An honest surge is offered the size of 28 days ago, with its evidence."""
        findings = found(unusual_rows({}, {**YEN, **SURGE}))

        assert [
            tuple(row)
            for row in findings[["seller_id", "currency_code", "verdict"]].to_numpy()
        ] == [("botan", "JPY", "limit")]
        (evidence,) = json.loads(findings["evidence"][0])
        assert (
            evidence["name"],
            evidence["value"],
        ) == ("repayable_28_days_minor", 9_000_000)
        assert 2_800_000 < evidence["threshold"] < 9_000_000

    @pytest.mark.parametrize("name", list(ODD))
    def test_size_and_an_oddity_ask_for_a_person(self, name: str) -> None:
        """Each oddity beside the size is enough, and is named."""
        findings = found(unusual_rows({**SURGE, **ODD[name]}, YEN))

        assert findings["verdict"].tolist() == ["review"]
        assert [["repayable_28_days_minor", name]] == names(findings)

    def test_two_sellers_of_one_entity_rise_together(self) -> None:
        """A sibling above its band counts, a second currency of one's own does not."""
        siblings = {**YEN, "legal_entity_id": "anna-gmbh"}
        own = {"currency_code": "JPY"}

        together = found(unusual_rows(SURGE, {**siblings, **SURGE}))
        alone = found(unusual_rows(SURGE, {**own, **SURGE}, siblings))

        assert together["verdict"].tolist() == ["review", "review"]
        assert alone["verdict"].tolist() == ["limit", "limit"]

    def test_says_nothing_without_a_forecast(self) -> None:
        """Of a seller for whom nothing was forecast nothing is found."""
        findings = found(unusual_rows(SURGE, {**YEN, **SURGE}), [False, True])

        assert findings["seller_id"].tolist() == ["botan"]

    @pytest.mark.parametrize("few", ["item_28_days_count", "item_before_count"])
    def test_few_items_have_no_ticket(self, few: str) -> None:
        """Nine items are too few for an average or a concentration."""
        odd = {**ODD["best_days_share_rate"]} if few == "item_28_days_count" else {}
        findings = found(unusual_rows({**SURGE, **odd, few: 9}, YEN))

        assert findings["verdict"].tolist() == ["limit"]

    def test_a_marketplace_without_deliveries_hides_nobody(self) -> None:
        """Where nothing is ever delivered, nothing is late."""
        nothing = {
            "undelivered_recent_minor": 2_800_000,
            "undelivered_before_minor": 9_000_000,
        }

        assert found(unusual_rows({**SURGE, **nothing}, YEN))["verdict"].tolist() == [
            "limit"
        ]

    @given(st.lists(st.integers(0, 40), min_size=30, max_size=30))
    def test_a_plain_loop_finds_the_same(self, tenths: list[int]) -> None:
        """Each seller judged by itself, in plain arithmetic, has the same verdict."""
        changes = [
            {
                **(YEN if index % 2 else {}),
                "seller_id": f"seller-{index:02}",
                "legal_entity_id": f"entity-{index // 3:02}",
                "repayable_28_days_minor": 280_000 * tenths[index],
                "item_28_days_count": 28 * tenths[-index],
                "best_3_days_minor": 70_000 * tenths[(index * 7) % 30],
                "undelivered_recent_minor": 70_000 * tenths[(index * 11) % 30],
            }
            for index in range(30)
        ]
        rows = unusual_rows(*changes)

        findings = found(rows)

        assert plain_verdicts(rows, RULES) == {
            row.seller_id: row.verdict for row in findings.itertuples()
        }


def plain_verdicts(rows: pd.DataFrame, rules: Guard) -> dict[str, str]:
    """Judge seller by seller, for the forecast of 1,000.00 a day."""
    sales = grid([DAILY[0]])
    quantiles = np.asarray(sales.values)[0, :, -1]
    band = int(quantiles[1] + (28 - 14) / (30 - 14) * (quantiles[2] - quantiles[1]))
    sellers = [row._asdict() for row in rows.itertuples()]
    above = [seller for seller in sellers if seller["repayable_28_days_minor"] > band]
    verdicts = {}
    for seller in above:
        is_odd = any(
            other["legal_entity_id"] == seller["legal_entity_id"]
            for other in above
            if other is not seller
        )
        if seller["item_28_days_count"] >= rules.minimum_item_count:
            ticket = seller["item_28_days_minor"] / seller["item_28_days_count"]
            before = seller["item_before_minor"] / seller["item_before_count"]
            best = seller["best_3_days_minor"] / seller["captured_28_days_minor"]
            is_odd |= ticket / before > rules.maximum_ticket_ratio
            is_odd |= best > rules.maximum_best_days_share_rate
        late = seller["undelivered_recent_minor"] / seller["deliverable_recent_minor"]
        usual = seller["undelivered_before_minor"] / seller["deliverable_before_minor"]
        is_odd |= late - usual > rules.maximum_undelivered_excess_rate
        verdicts[seller["seller_id"]] = "review" if is_odd else "limit"
    return verdicts


ELIGIBLE = [
    {},
    YEN,
    {"seller_id": "clara", "legal_entity_id": "clara-gmbh"},
    {**YEN, "seller_id": "dai", "legal_entity_id": "dai-kk"},
]
KEY = ["seller_id", "currency_code", "target_term_days"]


def guarded(verdicts: dict[str, str], past_daily: float) -> tuple[Offers, Offers]:
    """Return the offers under these verdicts, and those without a guard."""
    rows = health(*ELIGIBLE)
    today = grid([DAILY[0] * 2] * len(rows))
    findings = rows.loc[rows["seller_id"].isin(verdicts), KEY[:2]].assign(
        verdict=lambda frame: frame["seller_id"].map(verdicts),
        repayable_91_days_before_minor=round(91 * past_daily),
        repayable_364_days_before_minor=round(364 * past_daily),
    )
    count = int((findings["verdict"] == "limit").sum())
    past = grid([past_daily] * count) if count else None
    return (
        guarded_offers(
            Inputs(rows, today, book(rows), findings, past), policy(), AS_OF_DATE
        ),
        offered(rows, today),
    )


class TestOffers:
    """What becomes of the offers of those found."""

    def test_a_limited_seller_is_offered_the_size_of_28_days_ago(self) -> None:
        """Half the sales then, so half the advance now; the cap says why."""
        offers, free = guarded({"anna": "limit", "botan": "limit"}, DAILY[0] / 2)
        then = offered(
            health(*ELIGIBLE).assign(
                repayable_91_days_minor=round(91 * DAILY[0] / 2),
                repayable_364_days_minor=round(364 * DAILY[0] / 2),
            ),
            grid([DAILY[0] / 2] * len(ELIGIBLE)),
        )

        of_two = offers.offers["seller_id"].isin(["anna", "botan"])
        expected = then.offers[then.offers["seller_id"].isin(["anna", "botan"])]
        pd.testing.assert_frame_equal(
            expected.reset_index(drop=True),
            offers.offers[of_two].reset_index(drop=True),
        )
        caps = offers.evaluations.groupby("seller_id")["binding_cap"].unique()
        assert {"unusual_sales"} == set(caps["anna"]) == set(caps["botan"])
        others = ~free.offers["seller_id"].isin(["anna", "botan"])
        pd.testing.assert_frame_equal(
            free.offers[others].reset_index(drop=True),
            offers.offers[~of_two].reset_index(drop=True),
        )

    def test_sales_that_were_larger_before_change_nothing(self) -> None:
        """The smaller of the two holds, so a limit never adds to an offer."""
        offers, free = guarded({"anna": "limit"}, DAILY[0] * 3)

        pd.testing.assert_frame_equal(free.offers, offers.offers)
        pd.testing.assert_frame_equal(free.evaluations, offers.evaluations)

    def test_a_held_seller_waits_with_the_amounts_a_person_needs(self) -> None:
        """No offer, the outcome review, and what it would have been sized at."""
        offers, free = guarded({"anna": "review", "dai": "limit"}, DAILY[0])

        assert "anna" not in set(offers.offers["seller_id"])
        held = offers.evaluations[offers.evaluations["seller_id"] == "anna"]
        without = free.evaluations[free.evaluations["seller_id"] == "anna"]
        assert {"review"} == set(held["outcome"])
        assert {"UNUSUAL_SALES"} == set(held["reason_code"])
        assert {0} == set(held["offered_advance_minor"])
        assert (
            without["capped_advance_minor"].tolist()
            == held["capped_advance_minor"].tolist()
        )

    @settings(max_examples=25)  # Each makes the offers of a night three times.
    @given(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ["anna", "botan", "clara", "dai"], st.sampled_from(["limit", "review"])
            ),
        ),
        st.sampled_from([0.0, 1.0, 700.0, 40_000.0, 100_000.0, 900_000.0]),
    )
    def test_the_guard_never_declines(
        self, verdicts: dict[str, str], past_daily: float
    ) -> None:
        """What is offered without it is offered or held, never more, never declined."""
        offers, free = guarded(verdicts, past_daily)

        both = free.evaluations.merge(offers.evaluations, on=KEY, suffixes=("", "_now"))
        assert len(free.evaluations) == len(offers.evaluations) == len(both)
        would = both[both["outcome"] == "offered"]
        assert set(would["outcome_now"]) <= {"offered", "review"}
        assert both["offered_advance_minor_now"].le(both["offered_advance_minor"]).all()
        refused = both[both["outcome"] == "declined"]
        assert refused["outcome_now"].eq("declined").all()

    def test_a_finding_of_nobody_eligible_is_refused(self) -> None:
        """Findings and eligible sellers come from one decision."""
        rows = health()
        findings = rows[KEY[:2]].assign(verdict="review", seller_id="nobody")

        with pytest.raises(ValueError, match="not eligible"):
            guarded_offers(
                Inputs(rows, grid(DAILY), book(rows), findings, None),
                policy(),
                AS_OF_DATE,
            )


def test_a_grid_of_the_past_must_fit() -> None:
    """Rows and forecasts that are not aligned are refused."""
    with pytest.raises(ValueError, match="2 sellers but forecasts of 1"):
        find_unusual(unusual_rows(), grid(DAILY[:1]), np.array([True, True]), RULES)
