"""Publishing into a live PostgreSQL: one set of offers takes the place of another."""

import json
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from postgres_server import Postgres
from psycopg.rows import dict_row

from jobs.postgres_address import PostgresAddress
from jobs.product import contract
from jobs.product.contract import COLUMNS, Offer
from jobs.product.postgres import Product, ProductUnavailableError, Publication
from jobs.underwriting.refills import REFILL_COLUMNS

FIRST, SECOND, THIRD = (date(2026, 10, day) for day in (29, 30, 31))
SELLERS = {"seller-a": ("EUR", "FR", 20_000), "seller-b": ("JPY", "JP", 120_000)}
FOLDER = Path(contract.__file__).parent


def offer_id(seller_id: str, as_of_date: date, term: int = 90) -> str:
    """Return an id that says whose, when and how long."""
    number = list(SELLERS).index(seller_id)
    return f"{number:08d}-0000-5000-8000-{as_of_date:%Y%m%d}{term:04d}"


def offer(seller_id: str, as_of_date: date, term: int = 90, **values: object) -> dict:
    """Return an open offer, but for ``values``."""
    currency_code, country_code, advance_minor = SELLERS[seller_id]
    return {
        "offer_id": offer_id(seller_id, as_of_date, term),
        "seller_id": seller_id,
        "supersedes_offer_id": None,
        "superseded_by_offer_id": None,
        "as_of_date": as_of_date,
        "expires_date": date(2026, 11, 30),
        "ended_date": None,
        "currency_code": currency_code,
        "country_code": country_code,
        "state": "open",
        "target_term_days": term,
        "advance_minor": advance_minor,
        "fee_minor": 1_160,
        "owed_minor": advance_minor + 1_160,
        "fee_rate": 0.058,
        "holdback_rate": 0.1,
        "repayment_p10_days": 41,
        "repayment_p50_days": 58,
        "repayment_p90_days": None,
        "refilled_advance_id": None,
        "settled_balance_minor": None,
        "discount_minor": None,
        "net_advance_minor": None,
        "settled_fee_minor": None,
        "fee_on_old_fee_minor": None,
        "policy_version": "2026-11",
        "model_version": "empirical-1",
        "code_version": "0123456789ab",
        "data_as_of": datetime(2026, 10, 31, 23, 58, 12, 345),  # noqa: DTZ001 - naive UTC
        **values,
    }


def replaced(seller_id: str, as_of_date: date, by: date) -> dict:
    """Return the offer of one night that another night's took the place of."""
    return offer(
        seller_id,
        as_of_date,
        state="replaced",
        ended_date=by,
        superseded_by_offer_id=offer_id(seller_id, by),
    )


def table(*offers: dict) -> pa.Table:
    """Return offers as the warehouse gives them."""
    columns = {name: [one[name] for one in offers] for name in COLUMNS}
    dates = dict.fromkeys(("as_of_date", "expires_date", "ended_date"), pa.date32())
    types = {
        **dates,
        "repayment_p90_days": pa.int64(),
        **dict.fromkeys(REFILL_COLUMNS[1:], pa.int64()),
        "data_as_of": pa.timestamp("us"),
    }
    texts = [name for name in COLUMNS if name.endswith(("_id", "_code", "_version"))]
    types |= dict.fromkeys([*texts, "state"], pa.string())
    return pa.table(
        {name: pa.array(values, types.get(name)) for name, values in columns.items()}
    )


@pytest.fixture
def address(postgres: Postgres) -> str:
    """Return an empty database of the product."""
    return postgres.create_database()


def product_at(address: str, timeout_seconds: int = 60) -> Product:
    """Return the publisher's door to the product's database."""
    return Product(
        PostgresAddress(address, "ADVANCES_PRODUCT_DATABASE", timeout_seconds)
    )


def ask(address: str, sql: str, *values: object) -> list[dict[str, Any]]:
    """Run one statement as the product would; return what it finds."""
    with psycopg.connect(address, row_factory=dict_row) as connection:
        cursor = connection.execute(sql.encode(), values)
        return cursor.fetchall() if cursor.description else []


def shown(address: str) -> dict[str, str]:
    """Return the state of every offer by id."""
    found = ask(address, "select offer_id::text, state from seller_advances.offers")
    return {row["offer_id"]: row["state"] for row in found}


def outbox(address: str) -> list[tuple[str, int, str]]:
    """Return offer, change and event of every message, in order."""
    found = ask(
        address,
        "select offer_id::text, change_number, event"
        " from seller_advances.offer_outbox order by sequence_number",
    )
    return [tuple(row.values()) for row in found]


def test_the_first_night_opens_its_offers(address: str) -> None:
    """Both sellers see theirs as priced, each change is told once, a record is kept."""
    both = [offer("seller-a", FIRST), offer("seller-b", FIRST, term=180)]
    published = product_at(address).publish(FIRST, table(*both))

    assert published is not None
    stored = ask(address, "select * from seller_advances.offers order by offer_id")
    for given, row in zip(both, stored, strict=True):
        data_as_of = row.pop("data_as_of").replace(tzinfo=None)
        assert {**row, "data_as_of": data_as_of, "offer_id": str(row["offer_id"])} == {
            **given,
            "accepted_at": None,
            "change_number": 1,
        }
    assert [event for *_, event in outbox(address)] == ["opened", "opened"]
    assert product_at(address).newest() == published
    assert published.totals == {
        "EUR": {"open_count": 1, "seller_count": 1, "advance_minor": 20_000},
        "JPY": {"open_count": 1, "seller_count": 1, "advance_minor": 120_000},
    }


def test_the_same_night_twice_changes_nothing(address: str) -> None:
    """No row, message or record is added, and the hash is the same."""
    night = table(offer("seller-a", FIRST), offer("seller-b", FIRST))
    first = product_at(address).publish(FIRST, night)
    everything = [
        f"select * from seller_advances.{name} order by 1"
        for name in ("offers", "offer_outbox", "publications")
    ]
    before = [ask(address, sql) for sql in everything]
    second = product_at(address).publish(FIRST, night)

    assert first is not None
    assert second is not None
    assert (second.is_change, second.offers_hash) == (False, first.offers_hash)
    assert before == [ask(address, sql) for sql in everything]


def test_a_night_takes_the_place_of_the_one_before(address: str) -> None:
    """One seller's offer is replaced and linked, the other's is withdrawn."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST), offer("seller-b", FIRST)))
    published = product.publish(
        SECOND,
        table(
            replaced("seller-a", FIRST, by=SECOND),
            offer(
                "seller-a",
                SECOND,
                supersedes_offer_id=offer_id("seller-a", FIRST),
            ),
            offer("seller-b", FIRST, state="withdrawn", ended_date=SECOND),
        ),
    )

    assert published is not None
    assert (published.opened_count, published.ended_count) == (1, 2)
    assert shown(address) == {
        offer_id("seller-a", FIRST): "replaced",
        offer_id("seller-b", FIRST): "withdrawn",
        offer_id("seller-a", SECOND): "open",
    }
    (link,) = ask(
        address,
        "select superseded_by_offer_id::text as it from seller_advances.offers"
        " where state = 'replaced'",
    )
    assert link["it"] == offer_id("seller-a", SECOND)


def test_a_night_run_again_withdraws_what_it_no_longer_makes(address: str) -> None:
    """An offer that vanished is withdrawn, and opens again if it comes back."""
    product = product_at(address)
    both = table(offer("seller-a", FIRST), offer("seller-b", FIRST))
    product.publish(FIRST, both)
    product.publish(FIRST, table(offer("seller-a", FIRST)))
    gone = shown(address)[offer_id("seller-b", FIRST)]
    product.publish(FIRST, both)

    assert gone == "withdrawn"
    assert shown(address)[offer_id("seller-b", FIRST)] == "open"
    assert outbox(address)[2:] == [
        (offer_id("seller-b", FIRST), 2, "ended"),
        (offer_id("seller-b", FIRST), 3, "opened"),
    ]


def test_terms_once_shown_never_change(address: str) -> None:
    """A second calculation with the same id leaves what the seller saw."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST)))
    product.publish(FIRST, table(offer("seller-a", FIRST, repayment_p50_days=99)))

    (row,) = ask(address, "select repayment_p50_days from seller_advances.offers")
    assert row == {"repayment_p50_days": 58}


def test_an_older_night_is_not_published(address: str) -> None:
    """A backfill of the past leaves what sellers see today."""
    product = product_at(address)
    product.publish(SECOND, table(offer("seller-a", SECOND)))

    assert product.publish(FIRST, table(offer("seller-b", FIRST))) is None
    assert shown(address) == {offer_id("seller-a", SECOND): "open"}


def test_an_acceptance_is_kept_and_holds_new_offers_back(address: str) -> None:
    """Who accepted after the night ended gets no second offer and keeps the first.

    The other seller is not touched, and the same night again changes nothing.
    """
    product = product_at(address)
    product.publish(
        FIRST,
        table(
            offer("seller-a", FIRST),
            offer("seller-a", FIRST, term=180),
            offer("seller-b", FIRST),
        ),
    )
    accepted = offer_id("seller-a", FIRST)
    ask(
        address,
        "update seller_advances.offers set accepted_at = now() where offer_id = %s",
        accepted,
    )
    night = table(
        *(replaced(seller_id, FIRST, by=SECOND) for seller_id in SELLERS),
        offer(
            "seller-a",
            FIRST,
            term=180,
            state="replaced",
            ended_date=SECOND,
            superseded_by_offer_id=offer_id("seller-a", SECOND),
        ),
        *(offer(seller_id, SECOND) for seller_id in SELLERS),
    )
    published = product.publish(SECOND, night)
    again = product.publish(SECOND, night)

    assert published is not None
    assert again is not None
    assert published.held_back_count == 1
    assert not again.is_change
    assert shown(address) == {
        accepted: "open",
        offer_id("seller-a", FIRST, 180): "withdrawn",
        offer_id("seller-b", FIRST): "replaced",
        offer_id("seller-b", SECOND): "open",
    }
    known = offer("seller-a", FIRST, state="accepted", ended_date=SECOND)
    product.publish(THIRD, table(known, offer("seller-b", SECOND)))
    assert shown(address)[accepted] == "accepted"


def test_an_acceptance_is_looked_for_until_it_is_settled(address: str) -> None:
    """Days later the publisher still asks the marts from the day of acceptance on."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST), offer("seller-b", FIRST)))
    assert product.unsettled_since() is None
    ask(
        address,
        "update seller_advances.offers set accepted_at = '2026-10-29 23:59:59+00'"
        " where seller_id = 'seller-a'",
    )
    product.publish(SECOND, table(offer("seller-b", FIRST)))
    waiting = product.unsettled_since()
    known = offer("seller-a", FIRST, state="accepted", ended_date=FIRST)
    product.publish(THIRD, table(known, offer("seller-b", FIRST)))

    assert waiting == FIRST
    assert product.unsettled_since() is None
    assert shown(address)[offer_id("seller-a", FIRST)] == "accepted"


def test_links_lead_past_what_was_never_shown(address: str) -> None:
    """A night that was not published is stepped over, forwards and back."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST), offer("seller-b", FIRST)))
    unseen = replaced("seller-a", SECOND, by=THIRD)
    unseen["supersedes_offer_id"] = offer_id("seller-a", FIRST)
    newest = offer("seller-a", THIRD, supersedes_offer_id=offer_id("seller-a", SECOND))
    nowhere = replaced("seller-b", FIRST, by=SECOND)
    product.publish(
        THIRD, table(replaced("seller-a", FIRST, by=SECOND), unseen, newest, nowhere)
    )

    found = ask(
        address,
        "select offer_id::text, state, supersedes_offer_id::text as before,"
        " superseded_by_offer_id::text as after"
        " from seller_advances.offers order by as_of_date, seller_id",
    )
    first, third = offer_id("seller-a", FIRST), offer_id("seller-a", THIRD)
    assert [tuple(row.values()) for row in found] == [
        (first, "replaced", None, third),
        (offer_id("seller-b", FIRST), "withdrawn", None, None),
        (third, "open", first, None),
    ]


def test_the_first_publication_links_to_nothing_before_it(address: str) -> None:
    """What an offer took the place of before the product was there is not shown."""
    product_at(address).publish(
        SECOND,
        table(
            *(
                offer(name, SECOND, supersedes_offer_id=offer_id(name, FIRST))
                for name in SELLERS
            )
        ),
    )

    found = ask(address, "select supersedes_offer_id from seller_advances.offers")
    assert [row["supersedes_offer_id"] for row in found] == [None, None]


def test_a_withdrawn_offer_stays_so_when_its_successor_comes_late(
    address: str,
) -> None:
    """What was withdrawn because its successor was held back is told once."""
    product = product_at(address)
    product.publish(
        FIRST, table(offer("seller-a", FIRST), offer("seller-a", FIRST, term=180))
    )
    accepted, other = offer_id("seller-a", FIRST), offer_id("seller-a", FIRST, 180)
    ask(
        address,
        "update seller_advances.offers set accepted_at = now() where offer_id = %s",
        accepted,
    )
    successor = {"superseded_by_offer_id": offer_id("seller-a", SECOND, 180)}
    ended = offer(
        "seller-a", FIRST, 180, state="replaced", ended_date=SECOND, **successor
    )
    held_back = offer("seller-a", SECOND, 180)
    product.publish(SECOND, table(offer("seller-a", FIRST), ended, held_back))
    told = outbox(address)
    known = offer("seller-a", FIRST, state="accepted", ended_date=SECOND)
    gone = {**held_back, "state": "withdrawn", "ended_date": THIRD}
    product.publish(THIRD, table(known, ended, gone))

    assert shown(address) == {accepted: "accepted", other: "withdrawn"}
    assert outbox(address) == [*told, (accepted, 2, "ended")]


def test_an_offer_that_ended_cannot_be_accepted(address: str) -> None:
    """A page that still shows it gets an error, not an advance on dead terms."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST), offer("seller-b", FIRST)))
    product.publish(SECOND, table(offer("seller-b", FIRST)))

    with pytest.raises(psycopg.errors.CheckViolation):
        ask(
            address,
            "update seller_advances.offers set accepted_at = now()"
            " where seller_id = 'seller-a'",
        )


def test_one_seller_never_blocks_the_others(address: str) -> None:
    """An offer that would come back beside an accepted one of its tier is held back."""
    product = product_at(address)
    first, again = offer("seller-a", FIRST), offer("seller-a", SECOND)
    product.publish(FIRST, table(first))
    product.publish(SECOND, table(replaced("seller-a", FIRST, by=SECOND), again))
    product.publish(SECOND, table(first, offer("seller-b", SECOND)))
    ask(
        address,
        "update seller_advances.offers set accepted_at = now() where state = 'open'"
        " and seller_id = 'seller-a'",
    )
    published = product.publish(
        SECOND,
        table(
            replaced("seller-a", FIRST, by=SECOND),
            again,
            offer("seller-b", SECOND),
            offer("seller-b", SECOND, 180),
        ),
    )

    assert published is not None
    assert (published.opened_count, published.held_back_count) == (1, 1)
    assert shown(address)[offer_id("seller-a", FIRST)] == "open"


def test_the_product_needs_no_more_than_three_grants(address: str) -> None:
    """It reads offers and messages and sets ``accepted_at``; terms it cannot change."""
    product_at(address).publish(FIRST, table(offer("seller-a", FIRST)))
    role = f"product_{offer_id('seller-a', FIRST)[-6:]}_{id(address)}"
    for statement in (
        f"create role {role}",
        f"grant usage on schema seller_advances to {role}",
        f"grant select on all tables in schema seller_advances to {role}",
        f"grant update (accepted_at) on seller_advances.offers to {role}",
    ):
        ask(address, statement)
    as_product = f"set role {role}; "
    with psycopg.connect(address) as connection:
        connection.execute(
            (
                as_product + "update seller_advances.offers set accepted_at = now()"
            ).encode()
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(b"update seller_advances.offers set fee_minor = 0")
    ask(address, f"drop owned by {role}")
    ask(address, f"drop role {role}")


def test_the_database_itself_refuses_two_acceptances(address: str) -> None:
    """Whatever the product's code does, a seller accepts one offer at a time."""
    product_at(address).publish(
        FIRST, table(offer("seller-a", FIRST), offer("seller-a", FIRST, term=180))
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(address, "update seller_advances.offers set accepted_at = now()")


def test_two_publishers_at_once_end_as_one(address: str) -> None:
    """Eight at the same time leave one record and each message once."""
    night = table(offer("seller-a", FIRST), offer("seller-b", FIRST))
    done: list[Publication | None] = []
    threads = [
        threading.Thread(
            target=lambda: done.append(product_at(address).publish(FIRST, night))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 8
    assert sum(1 for one in done if one and one.is_change) == 1
    assert len(outbox(address)) == 2
    assert len(ask(address, "select as_of_date from seller_advances.publications")) == 1


@pytest.fixture
def reader(address: str) -> Iterator[tuple[threading.Event, list[frozenset[str]]]]:
    """Watch which offers are open, over and over, until told to stop."""
    is_done, seen = threading.Event(), []

    def watch() -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            while not is_done.is_set():
                rows = connection.execute(
                    "select offer_id::text from seller_advances.offers"
                    " where state = 'open'"
                )
                seen.append(frozenset(name for (name,) in rows))

    thread = threading.Thread(target=watch)
    product_at(address).publish(FIRST, table(offer("seller-a", FIRST)))
    thread.start()
    yield is_done, seen
    is_done.set()
    thread.join()


def test_a_reader_sees_one_set_or_the_other(
    address: str, reader: tuple[threading.Event, list[frozenset[str]]]
) -> None:
    """While a night takes the place of another, nobody sees both or neither."""
    is_done, seen = reader
    for _ in range(5):
        product_at(address).publish(FIRST, table(offer("seller-a", FIRST)))
        product_at(address).publish(FIRST, table(offer("seller-b", FIRST)))
    is_done.set()

    assert len(seen) > 5
    assert set(seen) <= {
        frozenset({offer_id(seller_id, FIRST)}) for seller_id in SELLERS
    }


def test_messages_keep_the_contract(address: str) -> None:
    """Every payload fits the schema, and its key is the same however it is made."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST), offer("seller-b", FIRST)))
    product.publish(SECOND, table(replaced("seller-a", FIRST, by=SECOND)))
    found = ask(
        address,
        "select payload, idempotency_key = md5(offer_id || ':' || change_number)::uuid"
        " as is_stable from seller_advances.offer_outbox",
    )
    validator = Draft202012Validator(contract.schema(), format_checker=FormatChecker())

    assert len(found) == 4
    assert all(row["is_stable"] for row in found)
    for row in found:
        validator.validate(row["payload"])
        assert Offer.model_validate_json(json.dumps(row["payload"]))


def test_a_table_of_the_first_version_gets_the_fields_of_a_refill(
    address: str,
) -> None:
    """Offers on show stay as they are; a refill is published beside them."""
    product = product_at(address)
    product.publish(FIRST, table(offer("seller-a", FIRST)))
    dropped = ", ".join(f"drop column {name}" for name in REFILL_COLUMNS)
    ask(address, f"alter table seller_advances.offers {dropped}")
    refill = offer(
        "seller-b",
        SECOND,
        refilled_advance_id="advance-1",
        settled_balance_minor=5_000,
        discount_minor=20,
        net_advance_minor=115_020,
        settled_fee_minor=300,
        fee_on_old_fee_minor=18,
    )

    product.publish(SECOND, table(offer("seller-a", FIRST), refill))

    columns = ", ".join(REFILL_COLUMNS)
    found = ask(
        address,
        f"select seller_id, {columns} from seller_advances.offers order by seller_id",
    )
    nothing = dict.fromkeys(REFILL_COLUMNS)
    terms = {name: refill[name] for name in REFILL_COLUMNS}
    assert found == [
        {"seller_id": "seller-a", **nothing},
        {"seller_id": "seller-b", **terms},
    ]


def test_the_committed_contract_is_the_one_of_the_code() -> None:
    """Schema and example are what the definition says, and the example fits."""
    for name, text in contract.files().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, (
            "run `python -m jobs.product.contract jobs/product`"
        )
    validator = Draft202012Validator(contract.schema(), format_checker=FormatChecker())
    example = json.loads(contract.example().model_dump_json())
    validator.validate(example)
    assert list(validator.iter_errors({**example, "advance_minor": 12.5}))


def test_an_error_names_the_step_and_never_the_password(address: str) -> None:
    """A refused login and a wait for a lock end with what was being done."""
    secret = "planted-secret"  # noqa: S105 - what must never be shown
    wrong = psycopg.conninfo.make_conninfo(
        address, user="nobody", password=secret, dbname="nowhere"
    )
    with pytest.raises(ProductUnavailableError) as refused:
        product_at(wrong).newest()
    assert "looking up what is published" in str(refused.value)
    assert secret not in str(refused.value)
    product_at(address).publish(FIRST, table(offer("seller-a", FIRST)))
    with psycopg.connect(address) as blocking:
        blocking.execute("lock table seller_advances.offers in exclusive mode")
        with pytest.raises(ProductUnavailableError, match="statement timeout"):
            product_at(address, timeout_seconds=1).publish(SECOND, table())
