"""Settlement lines against ledger lines: each is paired, or named, once."""

from datetime import datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from jobs.settlements.lines import OWN_KINDS, SettlementLine
from jobs.settlements.match import match_lines, without_known_pairs

AT = datetime.fromisoformat("2026-03-01T10:00:00")
_LINE = SettlementLine(
    file_name="file.csv",
    row_number=2,
    processor="adyen",
    batch_id="1",
    line_kind="sale",
    references=("PSP", "item_1"),
    currency_code="EUR",
    amount_minor=5200,
    net_currency_code="EUR",
    net_minor=0,
    happened_at=AT,
    settled_at=AT + timedelta(days=1),
)
Ledger = tuple[str, str | None, str, str, int]


def lines(*changes: dict[str, object]) -> list[SettlementLine]:
    """Return lines of consecutive rows."""
    return [
        _LINE._replace(row_number=number, **change)  # type: ignore[arg-type]
        for number, change in enumerate(changes, 2)
    ]


def ledger(*rows: Ledger, at: datetime = AT) -> pd.DataFrame:
    """Return ledger lines of id, source, kind, currency and amount."""
    names = ["balance_transaction_id", "source_id", "kind", "currency_code"]
    frame = pd.DataFrame(rows, columns=[*names, "amount_minor"])
    return frame.assign(seller_id="seller_a", occurred_at=at)


def found(
    settled: list[SettlementLine], booked: pd.DataFrame
) -> list[tuple[str, str, int]]:
    """Return id, finding and difference of everything found."""
    rows = match_lines(settled, booked)
    columns = ["finding_id", "finding", "difference_minor"]
    return list(rows[columns].itertuples(index=False, name=None))


def test_each_residual_has_its_name() -> None:
    """One of each, in euros and yen, by the first reference that the ledger knows."""
    yen = {"currency_code": "JPY", "amount_minor": -900, "line_kind": "refund"}
    settled = lines(
        {},
        {"references": ("bt_2",), "amount_minor": 5300},
        {},
        {"references": ("nobody",)},
        yen | {"references": ("refund_1", "item_1")},
        {"references": ("refund_1",)},
    )
    booked = ledger(
        ("bt_1", "item_1", "sale", "EUR", 5200),
        ("bt_2", None, "sale", "EUR", 5200),
        ("bt_3", "refund_1", "refund", "JPY", -900),
        ("bt_4", "item_4", "sale", "JPY", 700),
        ("bt_5", "item_1", "commission", "EUR", -520),
    )

    assert found(settled, booked) == [
        ("bt_1", "matched", 0),
        ("bt_2", "amount_differs", 100),
        ("bt_3", "matched", 0),
        ("bt_4", "missing_in_file", -700),
        ("file.csv:4", "duplicated", 5200),
        ("file.csv:5", "missing_in_ledger", 5200),
        ("file.csv:7", "missing_in_ledger", 5200),
    ]


def test_a_ledger_line_booked_twice_is_named() -> None:
    """The line with the same amount is the pair; the other one is left over."""
    booked = ledger(
        ("bt_1", "item_1", "sale", "EUR", 5100),
        ("bt_2", "item_1", "sale", "EUR", 5200),
    )

    assert found(lines({}), booked) == [
        ("bt_1", "duplicated", -5100),
        ("bt_2", "matched", 0),
    ]


def test_what_no_file_reaches_yet_waits() -> None:
    """Newer than the newest line is not missing; older than the first is left out."""
    day = timedelta(days=1)
    booked = pd.concat(
        [
            ledger(("bt_0", "item_0", "sale", "EUR", 1), at=AT - day),
            ledger(("bt_1", "item_1", "sale", "EUR", 5200)),
            ledger(("bt_2", "item_2", "sale", "EUR", 5200), at=AT + day),
        ]
    )

    assert found(lines({}), booked) == [
        ("bt_1", "matched", 0),
        ("bt_2", "not_settled_yet", -5200),
    ]


def test_each_currency_is_due_as_far_as_its_own_files_reach() -> None:
    """A yen file that ends before the euro one, or none of dollars, misses nothing."""
    day = timedelta(days=1)
    yen = {"currency_code": "JPY", "references": ("item_3",), "amount_minor": 900}
    settled = lines(
        {},
        {"references": ("item_2",), "happened_at": AT + 3 * day},
        yen | {"happened_at": AT + day},
    )
    booked = pd.concat(
        [
            ledger(("bt_1", "item_1", "sale", "EUR", 5200)),
            ledger(("bt_2", "item_2", "sale", "EUR", 5200), at=AT + 3 * day),
            ledger(("bt_3", "item_3", "sale", "JPY", 900), at=AT + day),
            ledger(("bt_old", "item_4", "sale", "JPY", 1)),
            ledger(
                ("bt_4", "item_5", "sale", "EUR", 1),
                ("bt_5", "item_6", "sale", "JPY", 1),
                ("bt_6", "item_7", "sale", "USD", 1),
                at=AT + 2 * day,
            ),
        ],
        ignore_index=True,
    )

    assert found(settled, booked) == [
        ("bt_1", "matched", 0),
        ("bt_2", "matched", 0),
        ("bt_3", "matched", 0),
        ("bt_4", "missing_in_file", -1),
        ("bt_5", "not_settled_yet", -1),
        ("bt_6", "not_settled_yet", -1),
    ]


def test_a_pair_is_known_whatever_its_file_is_called() -> None:
    """A renamed file tells nothing new, of which one pair is told as a sign of life."""
    booked = ledger(
        ("bt_1", "item_1", "sale", "EUR", 5200),
        ("bt_2", "item_2", "sale", "EUR", 5200),
    )
    names = ["finding_id", "balance_transaction_id", "finding"]
    both = lines({}, {"references": ("item_2",)})
    earlier = match_lines(both, booked)[names]
    renamed = [line._replace(file_name="renamed.csv") for line in both]
    again = without_known_pairs(match_lines(renamed, booked), earlier)
    cut = without_known_pairs(match_lines(renamed[:1], booked[:2]), earlier)

    assert list(again["finding_id"]) == ["bt_1"]
    assert list(cut["finding"]) == ["missing_in_file"]


def test_a_batch_that_is_cut_does_not_add_up() -> None:
    """Without its last rows a batch has no payout, or another than its lines."""
    sale, fee = {"net_minor": 5150}, {"line_kind": "fee", "net_minor": -50}
    paid = {"line_kind": "payout", "net_minor": -5100, "amount_minor": -5100}
    booked = ledger(("bt_1", "item_1", "sale", "EUR", 5200))

    assert found(lines(sale, fee, paid), booked) == [
        ("bt_1", "matched", 0),
        ("file.csv:3", "outside_ledger", 5200),
        ("file.csv:4", "outside_ledger", -5100),
    ]
    assert ("file.csv:1:EUR", "batch_differs", 5100) in found(lines(sale, fee), booked)


_FLOWS = st.tuples(
    st.sampled_from(["item_1", "item_2", "item_3"]),
    st.sampled_from(["sale", "refund"]),
    st.sampled_from(["EUR", "JPY"]),
    st.integers(1, 3),
)


@given(st.lists(_FLOWS, min_size=1, max_size=8), st.lists(_FLOWS, max_size=8))
def test_every_line_is_named_once_and_the_differences_add_up(
    told: list[tuple[str, str, str, int]], known: list[tuple[str, str, str, int]]
) -> None:
    """By currency the residuals are what files and ledger differ by."""
    settled = lines(
        *(
            {"references": (ref,), "line_kind": kind}
            | {"currency_code": code, "amount_minor": amount}
            for ref, kind, code, amount in told
        )
    )
    booked = ledger(
        *(
            (f"bt_{number}", ref, kind, code, amount)
            for number, (ref, kind, code, amount) in enumerate(known)
        )
    )
    rows = match_lines(settled, booked)
    rows = rows[rows["finding"] != "batch_differs"]
    of_files = rows.loc[rows["settled_minor"].notna(), "row_number"]
    of_ledger = rows.loc[rows["ledger_minor"].notna(), "balance_transaction_id"]

    assert sorted(of_files) == [line.row_number for line in settled]
    assert rows["finding_id"].is_unique
    assert sorted(of_ledger) == [f"bt_{number}" for number in range(len(known))]
    for code in ("EUR", "JPY"):
        own = rows[rows["currency_code"] == code]
        assert own["difference_minor"].sum() == sum(
            line.amount_minor
            for line in settled
            if line.currency_code == code and line.line_kind not in OWN_KINDS
        ) - sum(amount for _, _, other, amount in known if other == code)
