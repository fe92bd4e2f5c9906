"""What the product may rely on: one published offer, defined here and nowhere else.

The JSON Schema, the columns of the table and the messages of the outbox all follow from
``Offer``. ``python -m jobs.product.contract FOLDER`` writes the schema and an example.
"""

import json
import sys
import types
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

#: A change that an older reader would stumble over makes this one more, and a new file;
#: those of earlier versions stay, for the messages that were written by them.
CONTRACT_VERSION = 2

LATER = " Null means later than the forecast reaches (365 days)."


class Offer(BaseModel):
    """One offer of a cash advance, as the product shows it to a seller.

    Its terms never change. Amounts are whole minor units of ``currency_code`` (cents of
    EUR and USD, yen of JPY). A seller accepts at most one of the offers open to it in
    a currency. An offer with a ``refilled_advance_id`` is a refill: when it is accepted
    what is left of that advance then is settled out of the new one, and the rest is
    paid out. The six fields of a refill are null in any other offer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="Advance offer")

    offer_id: UUID
    seller_id: str
    supersedes_offer_id: UUID | None = Field(
        description="The offer of an earlier night that this one took the place of."
    )
    superseded_by_offer_id: UUID | None = Field(
        description="The offer that took the place of this one, where one did."
    )
    as_of_date: date = Field(description="The night it was made on.")
    expires_date: date = Field(description="The last day on which it is valid.")
    ended_date: date | None = Field(
        description="The day it was no longer open; null while it is."
    )
    currency_code: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.")
    country_code: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166.")
    state: Literal["open", "accepted", "expired", "replaced", "withdrawn"]
    target_term_days: int = Field(
        gt=0, description="The days within which it should be repaid."
    )
    advance_minor: int = Field(
        gt=0,
        description="What is advanced: the cash the seller gets, but for a refill.",
    )
    fee_minor: int = Field(ge=0, description="Its fixed price.")
    owed_minor: int = Field(gt=0, description="Advance plus fee: what is repaid.")
    fee_rate: float = Field(ge=0, description="The fee as a share of the advance.")
    holdback_rate: float = Field(
        ge=0,
        le=1,
        description="The share of each day's repayable sales taken as repayment.",
    )
    repayment_p10_days: int | None = Field(
        ge=0, description="Days by which it is repaid with probability 0.1." + LATER
    )
    repayment_p50_days: int | None = Field(
        ge=0, description="Days by which it is repaid with probability 0.5." + LATER
    )
    repayment_p90_days: int | None = Field(
        ge=0, description="Days by which it is repaid with probability 0.9." + LATER
    )
    refilled_advance_id: str | None = Field(
        description="The open advance that it settles; null where it is no refill."
    )
    settled_balance_minor: int | None = Field(
        gt=0, description="What was left of that advance on the night of the offer."
    )
    discount_minor: int | None = Field(
        ge=0, description="Part of the old fee in that balance which is waived."
    )
    net_advance_minor: int | None = Field(
        gt=0,
        description="The cash the seller gets: advance, less the settled balance, plus"
        " the discount. More where some of the balance is repaid before it accepts.",
    )
    settled_fee_minor: int | None = Field(
        ge=0, description="Old fee in the settled balance, less the discount."
    )
    fee_on_old_fee_minor: int | None = Field(
        ge=0, description="Part of the new fee that is paid on that old fee."
    )
    policy_version: str
    model_version: str
    code_version: str
    data_as_of: datetime = Field(description="How far the sales behind it reach, UTC.")


COLUMNS: tuple[str, ...] = tuple(Offer.model_fields)
_POSTGRES_TYPES: dict[Any, str] = {
    UUID: "uuid",
    str: "text",
    date: "date",
    datetime: "timestamptz",
    int: "bigint",
    float: "double precision",
}


def column_definitions() -> list[str]:
    """Return each field as a column of the product's table, in order."""
    definitions = []
    for name, field in Offer.model_fields.items():
        is_union = isinstance(field.annotation, types.UnionType)
        kinds = get_args(field.annotation) if is_union else (field.annotation,)
        (kind,) = [kind for kind in kinds if kind is not type(None)]
        type_name = _POSTGRES_TYPES[str if get_origin(kind) is Literal else kind]
        definitions.append(f"{name} {type_name}{'' if len(kinds) > 1 else ' not null'}")
    return definitions


def schema() -> dict[str, Any]:
    """Return the contract as a JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Version {CONTRACT_VERSION}, made by jobs/product/contract.py.",
        **Offer.model_json_schema(),
    }


def example() -> Offer:
    """Return an offer as a message shows it."""
    return Offer(
        offer_id=UUID("2f4f6a53-8d0a-5f0c-9d63-0a1b2c3d4e5f"),
        seller_id="seller-0042",
        supersedes_offer_id=UUID("8c1d7f0e-21a5-5b1e-8a57-6f5e4d3c2b1a"),
        superseded_by_offer_id=None,
        as_of_date=date(2026, 10, 31),
        expires_date=date(2026, 11, 30),
        ended_date=None,
        currency_code="JPY",
        country_code="JP",
        state="open",
        target_term_days=90,
        advance_minor=120_000,
        fee_minor=6_960,
        owed_minor=126_960,
        fee_rate=0.058,
        holdback_rate=0.1,
        repayment_p10_days=41,
        repayment_p50_days=58,
        repayment_p90_days=88,
        refilled_advance_id="advance-0007",
        settled_balance_minor=31_000,
        discount_minor=0,
        net_advance_minor=89_000,
        settled_fee_minor=1_700,
        fee_on_old_fee_minor=99,
        policy_version="2027-01",
        model_version="blend-1",
        code_version="0123456789ab",
        data_as_of=datetime.fromisoformat("2026-10-31T23:58:12+00:00"),
    )


def files() -> dict[str, str]:
    """Return the text of the two files that the product's engineers are given."""
    return {
        f"offer-{CONTRACT_VERSION}.schema.json": json.dumps(schema(), indent=2) + "\n",
        f"offer-{CONTRACT_VERSION}.example.json": example().model_dump_json(indent=2)
        + "\n",
    }


if __name__ == "__main__":
    for file_name, text in files().items():
        (Path(sys.argv[1]) / file_name).write_text(text, encoding="utf-8")
