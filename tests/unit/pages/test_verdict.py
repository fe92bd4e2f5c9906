"""Green, amber and red: what makes a night good, and what somebody has to look at."""

from datetime import date, datetime
from typing import Any

import pytest
from night_facts import BEFORE, NIGHT, facts_of, publication

from jobs.pages.verdict import checks, status_of

LATE = datetime(2026, 10, 30, 12)  # noqa: DTZ001 - a warehouse's time
STALE = datetime(2026, 10, 28, 12)  # noqa: DTZ001 - as above


def test_a_good_night_is_green_and_says_why() -> None:
    """Every check has a sentence, and the worst status is the night's."""
    found = checks(facts_of())

    assert status_of(found) == "green"
    assert len({check.name for check in found}) == 9
    assert all(check.sentence.endswith(".") for check in found)


@pytest.mark.parametrize(
    ("name", "status", "said", "changed"),
    [
        ("offers", "red", "No offers of this night", {"audited": []}),
        ("offers", "red", "No offers of this night", {"audited": None}),
        (
            "offers",
            "red",
            "3 sellers are eligible and no offer is open.",
            {
                "audited": [{"as_of_date": NIGHT, "offer_count": 0, "open_count": 0}],
                "publication": [publication("audited", audited_count=0)],
            },
        ),
        (
            "offers",
            "amber",
            "A later night",
            {"audited": [{"as_of_date": date(2026, 11, 1), "open_count": 5}]},
        ),
        ("publication", "amber", "not published yet", {"publication": None}),
        ("publication", "amber", "not published yet", {"publication": []}),
        (
            "publication",
            "red",
            "sellers see what they saw before: the audit failed.",
            {"publication": [publication("failed", reason="the audit failed.\nAll")]},
        ),
        (
            "publication",
            "amber",
            "a later night's offers",
            {"publication": [publication("superseded", audited_count=None)]},
        ),
        (
            "publication",
            "amber",
            "built again since",
            {"publication": [publication("published", audited_count=6)]},
        ),
        (
            "data",
            "red",
            "not of this night",
            {"built": [{"as_of_date": BEFORE, "data_as_of": LATE}]},
        ),
        (
            "data",
            "red",
            "3 days old",
            {"built": [{"as_of_date": NIGHT, "data_as_of": STALE}]},
        ),
        (
            "data",
            "amber",
            "1 day old",
            {"built": [{"as_of_date": NIGHT, "data_as_of": LATE}]},
        ),
        (
            "data",
            "amber",
            "Not loaded tonight: refunds.",
            {
                "tables": [
                    {
                        "table_name": "refunds",
                        "load": {"ingest_date": BEFORE},
                        "newest_at": None,
                    }
                ]
            },
        ),
        ("assessed", "red", "No seller was evaluated", {"outcomes": []}),
        (
            "assessed",
            "red",
            "No seller could be assessed",
            {"outcomes": [{"outcome": "not_assessed", "seller_count": 9}]},
        ),
        (
            "assessed",
            "amber",
            "1 seller could not be assessed",
            {
                "outcomes": [
                    {"outcome": "eligible", "seller_count": 3},
                    {"outcome": "not_assessed", "seller_count": 1},
                ]
            },
        ),
        (
            "quarantine",
            "amber",
            "1 row breaks",
            {"quarantine_count": [{"row_count": 1}]},
        ),
        ("watch", "amber", "Nothing was watched", {"watched": []}),
        (
            "watch",
            "amber",
            "Watch: FR is far off (1 more below).",
            {
                "watched": [
                    {"verdict": "amber", "sentence": "FR is far off"},
                    {"verdict": "amber", "sentence": "JP too"},
                ]
            },
        ),
        ("book", "amber", "no page", {"booked": [{"booked_date": BEFORE}]}),
        (
            "money",
            "amber",
            "1 payout with a residual",
            {
                "payouts": [
                    {
                        "residual_reason": "lines_missing",
                        "currency_code": "JPY",
                        "payout_count": 1,
                    }
                ]
            },
        ),
        ("money", "amber", "not measured", {"quality": None}),
        (
            "money",
            "amber",
            "Not checked: holdback",
            {
                "quality": [
                    {
                        "currency_code": code,
                        "check_name": "holdback",
                        "failed_count": 0,
                        "state": state,
                    }
                    for code, state in (("EUR", "passed"), ("JPY", "not_checked"))
                ]
            },
        ),
        (
            "settlements",
            "amber",
            "2 residuals of settlement files",
            {
                "findings": [
                    {"as_of_date": BEFORE, "finding": "matched", "line_count": 7},
                    {
                        "as_of_date": BEFORE,
                        "finding": "outside_ledger",
                        "line_count": 9,
                    },
                    {"as_of_date": BEFORE, "finding": "duplicated", "line_count": 2},
                ]
            },
        ),
    ],
)
def test_a_fault_has_its_colour_and_its_sentence(
    name: str, status: str, said: str, changed: dict[str, Any]
) -> None:
    """One fault alone colours the night, stands first, and says what it is."""
    found = checks(facts_of(**changed))

    assert (found[0].name, found[0].status) == (name, status)
    assert said in found[0].sentence
    assert status_of(found) == status
    assert {check.status for check in found[1:]} == {"green"}
