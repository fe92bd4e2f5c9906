"""The ledger of offers, as a night reads it."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
from nights import change, rows_of

from jobs.night import Night
from jobs.open_offers import read_open_offers


def read(night: Night, days: int = 1, version: str | None = None) -> pd.DataFrame:
    """Return what a night some days later, or of another policy, reads."""
    policy = night.policy.model_copy(
        update={"policy_version": version or night.policy.policy_version}
    )
    later = replace(
        night, as_of_date=night.as_of_date + timedelta(days=days), policy=policy
    )
    with later.warehouse() as warehouse:
        return read_open_offers(later, warehouse)


def test_a_night_reads_those_before_it_and_no_other(finished_night: Night) -> None:
    """Of its own date it reads smaller policy versions only, so a re-run sees none."""
    made = rows_of(finished_night, "select offer_id from underwriting.advance_offers")
    ids = sorted(str(row["offer_id"]) for row in made)
    assert len(ids) > 100
    assert sorted(read(finished_night)["offer_id"]) == ids
    assert sorted(read(finished_night, 0, "9999-12")["offer_id"]) == ids
    assert read(finished_night, 0).empty
    assert read(finished_night, 0, "2026-11").empty
    assert read(finished_night, -1).empty


def test_what_ended_is_not_read_again(night: Night) -> None:
    """An offer that an earlier night ended stays ended; one it kept is read."""
    offers = rows_of(night, "select * from underwriting.advance_offers limit 2")
    (ended, kept) = (row["offer_id"] for row in offers)
    change(
        night,
        "insert into underwriting.open_offers by name select offer_id, seller_id,"
        " currency_code, policy_version, as_of_date + 1 as as_of_date,"
        f" if(offer_id = '{ended}', 'withdrawn', 'kept') as outcome"
        f" from underwriting.advance_offers where offer_id in ('{ended}', '{kept}')",
    )
    assert ended in set(read(night)["offer_id"])
    later = set(read(night, 2)["offer_id"])
    assert ended not in later
    assert kept in later


def test_an_advance_taken_since_names_its_offer(night: Night) -> None:
    """The tiers of its seller and currency see it, nobody else and no later night's."""
    (offer,) = rows_of(
        night,
        "select * from underwriting.advance_offers where currency_code = 'JPY' limit 1",
    )
    change(
        night,
        "insert into cash_flow.fct_advances by name select * replace ("
        f" '{offer['offer_id']}' as offer_id, '{offer['seller_id']}' as seller_id,"
        " 'JPY' as currency_code, 'taken' as advance_id,"
        f" timestamp '{night.as_of_date}' + interval 34 hour as accepted_at)"
        " from cash_flow.fct_advances limit 1",
    )
    found = read(night, 1).dropna(subset="accepted_offer_id")
    assert set(found["accepted_offer_id"]) == {offer["offer_id"]}
    accounts = found[["seller_id", "currency_code"]].drop_duplicates().to_numpy()
    assert accounts.tolist() == [[offer["seller_id"], "JPY"]]
    assert offer["offer_id"] in set(found["offer_id"])
