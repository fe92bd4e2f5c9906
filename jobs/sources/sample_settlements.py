"""The sample marketplace's settlement files, in the columns of Adyen's report.

What buyers pay and get back is settled the day after, a file a currency, day and block
of sellers; each is one batch, closed by what the processor pays out for it.
"""

from pathlib import Path

import pandas as pd

_TYPES = {
    "sale": "Settled",
    "refund": "Refunded",
    "chargeback": "Chargeback",
    "chargeback_reversal": "ChargebackReversed",
}
_COLUMNS = (
    "Company Account",
    "Merchant Account",
    "Psp Reference",
    "Merchant Reference",
    "Payment Method",
    "Creation Date",
    "TimeZone",
    "Type",
    "Modification Reference",
    "Gross Currency",
    "Gross Debit (GC)",
    "Gross Credit (GC)",
    "Exchange Rate",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Commission (NC)",
    "Modification Merchant Reference",
    "Batch Number",
    "Booking Date",
    "Booking Date TimeZone",
)
_DECIMALS = {"JPY": 0}
#: What the processor keeps of a sale, in thousandths.
_PROCESSING_FEE = 14
_BOOKED, _PAID_OUT = pd.Timedelta(hours=6), pd.Timedelta(hours=7)


def settlements_of(ledger: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Return the ledger lines that a processor has settled before ``end``.

    ``reference`` is that of the line's cause, ``booked_date`` the day of its batch.
    """
    settled = ledger[ledger["kind"].isin(list(_TYPES))]
    day = settled["occurred_at"].dt.floor("D") + pd.Timedelta(days=1)
    rows = settled.assign(booked_date=day, reference=settled["source_id"])
    known: pd.DataFrame = rows[day + _PAID_OUT < end].reset_index(drop=True)
    return known


def write_settlements(folder: Path, settled: pd.DataFrame, block: int) -> None:
    """Write one file for each currency and day of the settlements of a block."""
    folder.mkdir(exist_ok=True)
    settled = settled.assign(text=_rows(settled), net=_net(settled))
    for _, batch in settled.groupby(["currency_code", "booked_date"]):
        code, day = batch["currency_code"].iloc[0], batch["booked_date"].iloc[0]
        number = f"{day:%Y%m%d}{block:03d}"
        payout = _payout(code, day, int(batch["net"].sum()), number)
        rows = [",".join(_COLUMNS), *(batch["text"] + number + _booked(day)), payout]
        name = f"settlement_detail_report_{code}_{day:%Y_%m_%d}_{block:03d}.csv"
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")


def _net(settled: pd.DataFrame) -> "pd.Series[int]":
    """Return amounts less the fee, which is kept of sales alone and rounded down."""
    sold = settled["amount_minor"].where(settled["kind"] == "sale", 0)
    return settled["amount_minor"] - sold * _PROCESSING_FEE // 1_000


def _rows(settled: pd.DataFrame) -> list[str]:
    """Return each row as text, up to where its batch is named."""
    rows = zip(
        settled["reference"],
        settled["occurred_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        settled["kind"],
        settled["currency_code"],
        settled["amount_minor"],
        _net(settled),
        strict=True,
    )
    return [
        f"Marketplace,MarketplaceCOM,PSP{reference[1:]},{reference},visa,{at},UTC,"
        f"{_TYPES[kind]},MOD{reference[1:]},{code},{_pair(amount, code)},1,"
        f"{code},{_pair(net, code)},{_text(amount - net, code)},{reference},"
        for reference, at, kind, code, amount, net in rows
    ]


def _payout(code: str, day: pd.Timestamp, net: int, number: str) -> str:
    return (
        f"Marketplace,MarketplaceCOM,,,,{day + _PAID_OUT},UTC,MerchantPayout,"
        f'"TX{number} batch {number}, MarketplaceCOM",,,,,{code},{_pair(-net, code)},,,'
        f"{number},{day + _PAID_OUT},UTC"
    )


def _booked(day: pd.Timestamp) -> str:
    return f",{day + _BOOKED},UTC"


def _pair(amount_minor: int, code: str) -> str:
    """Return the debit and the credit cell of a signed amount."""
    text = _text(abs(amount_minor), code)
    return f"{text}," if amount_minor < 0 else f",{text}"


def _text(amount_minor: int, code: str) -> str:
    decimals = _DECIMALS.get(code, 2)
    if not decimals:
        return str(amount_minor)
    major, minor = divmod(amount_minor, 10**decimals)
    return f"{major}.{minor:0{decimals}d}"
