"""Matches settlement lines with ledger lines; whatever is left over has a name.

A line and a ledger line belong to one flow if they are of the same kind and currency
and one of the line's references is the ledger line's id or that of its source. Within a
flow they are paired one to one, equal amounts first; nothing is added up or netted.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jobs.settlements.lines import OWN_KINDS, SettlementLine

#: Kinds of ledger lines that a processor settles.
SETTLED_KINDS = ("sale", "refund", "chargeback", "chargeback_reversal")
FINDINGS = (
    "matched",
    "amount_differs",
    "missing_in_ledger",
    "missing_in_file",
    "duplicated",
    "not_settled_yet",  # newer than every line of its currency in any file
    "outside_ledger",  # the processor's own: fees, corrections, payouts
    "batch_differs",  # a batch's lines are not what the processor paid out for them
)
#: Findings of money in order; every other one is a residual for a person.
EXPECTED = ("matched", "outside_ledger", "not_settled_yet")
COLUMNS = {
    "finding_id": "str",
    "finding": "str",
    "processor": "str",
    "file_name": "str",
    "row_number": "Int64",
    "batch_id": "str",
    "line_kind": "str",
    "reference": "str",
    "balance_transaction_id": "str",
    "source_id": "str",
    "seller_id": "str",
    "currency_code": "str",
    "settled_minor": "Int64",
    "ledger_minor": "Int64",
    "difference_minor": "int64",
    "happened_at": "datetime64[us]",
    "settled_at": "datetime64[us]",
}
_KEY = ["line_kind", "currency_code"]


def match_lines(lines: Sequence[SettlementLine], ledger: pd.DataFrame) -> pd.DataFrame:
    """Return one row a line, an unmatched ledger line, or a batch that does not add up.

    ``ledger`` has balance_transaction_id, source_id, seller_id, kind, currency_code,
    amount_minor and occurred_at. Of it, what is older than every line of its currency
    is left out, or than every line at all where its currency has none.
    ``difference_minor`` is settled less ledger, of which a missing one counts as 0, so
    by currency the differences of FINDINGS up to ``not_settled_yet`` add up to what the
    files and the ledger differ by. Of a batch it is the lines' net less the payout's.
    ``finding_id`` is the ledger line where there is one, so that it stays the same
    whatever file settles it; else file and row, or file and batch.
    """
    files = _files(lines)
    own = files["line_kind"].isin(OWN_KINDS)
    booked = _ledger(ledger, files[~own])
    settled = _with_flows(files[~own].reset_index(drop=True), booked)
    parts = [
        *_paired(settled, booked),
        files[own].assign(finding="outside_ledger"),
        _batches(files),
    ]
    return _finished(pd.concat([part for part in parts if len(part)] or parts))


def without_known_pairs(found: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Leave out what earlier nights have matched, to the same ids.

    ``earlier`` has their finding_id, balance_transaction_id and finding. One is told
    again where nothing else is: a night with findings is one that was reconciled, and
    its residuals, of which there are none then, take the place of those before.
    """
    names = ["finding_id", "balance_transaction_id", "finding"]
    marked = found.merge(earlier.assign(is_known=True), how="left", on=names)
    is_new = marked["is_known"].isna()
    return found[is_new.to_numpy()] if is_new.any() else found[:1]


def _files(lines: Sequence[SettlementLine]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=list(SettlementLine._fields))
    frame["reference"] = [
        line.references[0] if line.references else "" for line in lines
    ]
    rows = frame["row_number"].astype("str")
    frame["finding_id"] = frame["file_name"] + ":" + rows
    return frame.rename(columns={"amount_minor": "settled_minor"})


def _ledger(ledger: pd.DataFrame, files: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger lines that a processor settles, since the first in a file.

    ``is_new`` where no line of the currency has come as far.
    """
    happened = files.groupby("currency_code")["happened_at"]
    first, newest = (
        ledger["currency_code"].map(moments)
        for moments in (happened.min(), happened.max())
    )
    is_due = ledger["kind"].isin(SETTLED_KINDS)
    is_due &= ledger["occurred_at"] >= first.fillna(files["happened_at"].min())
    is_new = ~(ledger["occurred_at"] <= newest)
    booked = ledger.assign(is_new=is_new)[is_due].rename(
        columns={
            "kind": "line_kind",
            "amount_minor": "ledger_minor",
            "occurred_at": "happened_at",
        }
    )
    booked["finding_id"] = booked["balance_transaction_id"]
    booked["reference"] = booked["source_id"].fillna(booked["finding_id"])
    booked["flow"] = booked.groupby([*_KEY, "reference"], sort=False).ngroup()
    return booked.reset_index(drop=True)


def _with_flows(files: pd.DataFrame, booked: pd.DataFrame) -> pd.DataFrame:
    """Return the lines with the flow of their first reference that is known; else -1.

    The reference kept is the one that was found.
    """
    names = [
        booked[[*_KEY, "flow"]].assign(reference=booked[name])
        for name in ("source_id", "balance_transaction_id")
    ]
    known = pd.concat(names).dropna().drop_duplicates([*_KEY, "reference"])
    asked = files[[*_KEY, "references"]].explode("references")
    asked = asked.rename(columns={"references": "reference"}).reset_index(names="line")
    found = asked.merge(known, on=[*_KEY, "reference"]).drop_duplicates("line")
    found = found.set_index("line")[["flow", "reference"]].reindex(files.index)
    return files.assign(
        flow=found["flow"].fillna(-1).astype("int64"),
        reference=found["reference"].fillna(files["reference"]),
    )


def _paired(settled: pd.DataFrame, booked: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the pairs of each flow, and what is left of either side."""
    kept = ["flow", "balance_transaction_id", "source_id", "seller_id", "ledger_minor"]
    same, lines, rows = _pair(settled, booked[kept], by_amount=True)
    other, lines, rows = _pair(lines, rows, by_amount=False)
    first = booked[kept[:-1]].drop_duplicates("flow")
    again = lines["flow"] >= 0
    left = booked.loc[rows.index]
    is_known = left["flow"].isin(settled["flow"])
    words = np.select(
        [is_known, left["is_new"]], ["duplicated", "not_settled_yet"], "missing_in_file"
    )
    return [
        same.assign(finding="matched", finding_id=same["balance_transaction_id"]),
        other.assign(
            finding="amount_differs", finding_id=other["balance_transaction_id"]
        ),
        lines[again].merge(first, on="flow").assign(finding="duplicated"),
        lines[~again].assign(finding="missing_in_ledger"),
        left.assign(finding=words),
    ]


def _pair(
    lines: pd.DataFrame, rows: pd.DataFrame, *, by_amount: bool
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Pair the first with the first, the second with the second, of each flow."""
    left = ["flow", "settled_minor"] if by_amount else ["flow"]
    right = ["flow", "ledger_minor"] if by_amount else ["flow"]
    lines = lines.assign(turn=lines.groupby(left).cumcount())
    rows = rows.assign(turn=rows.groupby(right).cumcount())
    pairs = lines.reset_index(names="line").merge(
        rows.reset_index(names="row"),
        left_on=[*left, "turn"],
        right_on=[*right, "turn"],
    )
    return (
        pairs,
        lines[~lines.index.isin(pairs["line"])],
        rows[~rows.index.isin(pairs["row"])],
    )


def _batches(files: pd.DataFrame) -> pd.DataFrame:
    """Return the batches of a file whose lines are not what was paid out for them."""
    is_payout = files["line_kind"] == "payout"
    amounts = files.assign(
        settled_minor=files["net_minor"].where(~is_payout, 0),
        ledger_minor=(-files["net_minor"]).where(is_payout, 0),
        currency_code=files["net_currency_code"],
    )
    keys = ["processor", "file_name", "batch_id", "currency_code"]
    sums = amounts.groupby(keys, as_index=False).agg(
        settled_minor=("settled_minor", "sum"),
        ledger_minor=("ledger_minor", "sum"),
        happened_at=("happened_at", "max"),
        settled_at=("settled_at", "max"),
    )
    sums = sums[sums["settled_minor"] != sums["ledger_minor"]]
    names = sums["file_name"] + ":" + sums["batch_id"] + ":" + sums["currency_code"]
    return sums.assign(
        finding="batch_differs",
        finding_id=names,
        line_kind="payout",
        reference=sums["batch_id"],
    )


def _finished(found: pd.DataFrame) -> pd.DataFrame:
    found = found.reindex(columns=[*COLUMNS])
    settled = found["settled_minor"].astype("Int64").fillna(0)
    ledger = found["ledger_minor"].astype("Int64").fillna(0)
    found["difference_minor"] = (settled - ledger).astype("int64")
    return found.astype(COLUMNS).sort_values("finding_id", ignore_index=True)
