"""PayPal's settlement report (STL), whose first cells say what each row is.

https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/ has the rows
and columns: a report has sections, a section its columns (CH), its lines (SB) and what
they add up to (SF, and how many in SC); RF is what the report adds up to. Amounts are
minor units, and CR or DR says which way they went. What a report's lines come to stays
in the balance, so RF is told as the payout of its batch.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from jobs.settlements.cells import Row, names_of, read_records, row_of
from jobs.settlements.lines import LineKind, SettlementError, SettlementLine

_FIRST_CELLS = ("RH", "FH", "SH")
COLUMNS = (
    "Transaction ID",
    "Invoice ID",
    "PayPal Reference ID",
    "Transaction Event Code",
    "Transaction Initiation Date",
    "Transaction Completion Date",
    "Transaction Debit or Credit",
    "Gross Transaction Amount",
    "Gross Transaction Currency",
    "Fee Debit or Credit",
    "Fee Amount",
    "Fee Currency",
)
#: By event code, and by its group (the first three letters) for every other one of it.
#: https://developer.paypal.com/docs/reports/reference/tcodes/
KINDS = {
    "t1106": "chargeback",  # a reversal by PayPal
    "t1107": "refund",
    "t1108": "fee",  # given back
    "t1109": "fee",
    "t1201": "chargeback",
    "t1202": "chargeback_reversal",
    "t1205": "chargeback_reversal",
    "t1207": "chargeback",
    "t1208": "chargeback_reversal",
    "t00": "sale",
    "t01": "fee",
    "t02": "correction",  # converted into another currency
    "t03": "payout",  # from the bank
    "t04": "payout",  # to the bank
    "t11": "correction",  # holds, and other reversals
    "t12": "correction",
    "t15": "correction",  # holds
    "t19": "correction",
    "t20": "correction",  # to or from another account of the merchant
    "t21": "correction",  # reserves
    "t22": "correction",
}
_SIGNS = {"cr": "+", "dr": "-"}
_SUMS = ("gross credits", "gross debits", "fee credits", "fee debits")
#: Of rows without a header: their cells after the first, as far as they are read.
_CELLS = {
    "SH": ("start", "end", "account"),
    "SC": ("count",),
    "SF": ("currency", *_SUMS),
    "RF": ("currency", *_SUMS),
}
#: Rows that say nothing of money; RC and FF count in ways of their own.
_UNREAD = ("RH", "FH", "RC", "FF")


@dataclass
class _Report:
    """What was read of a report so far."""

    file_name: str
    lines: list[SettlementLine] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    batch_id: str = ""
    section: Row | None = None
    line_count: int = 0
    #: By currency, of all sections and of the report.
    section_sums: Counter[str] = field(default_factory=Counter)
    sums: dict[str, SettlementLine] = field(default_factory=dict)


def is_report(text: str) -> bool:
    """Tell whether the first cell is that of a report."""
    return text.partition(",")[0].strip('" ') in _FIRST_CELLS


def read_lines(file_name: str, text: str) -> list[SettlementLine]:
    """Return the lines of a report, then what it adds up to in each currency.

    Raises SettlementError as ``parse_settlement`` does, also where a section has
    another number of lines than it says, or does not add up to what the report does.
    """
    report = _Report(file_name)
    for number, cells in read_records(file_name, text):
        _read(report, number, cells)
    for code, total in report.sums.items():
        sections = report.section_sums.get(code, total.net_minor)
        if sections != total.net_minor:
            message = (
                f"{file_name}, row {total.row_number}: {-total.net_minor} {code} minor"
                f" units in all; expected {-sections}, as its sections say"
            )
            raise SettlementError(message)
    return [*report.lines, *report.sums.values()]


def _read(report: _Report, number: int, cells: list[str]) -> None:
    """Take one row into the report, by what its first cell says it is."""
    word = cells[0].strip()
    names = ("row", *_CELLS.get(word, ()))
    told = Row(report.file_name, number, dict(zip(names, cells, strict=False)))
    if word == "SB":
        row = row_of(report.file_name, number, report.names, cells)
        report.lines.append(_line(row, report.batch_id))
        report.line_count += 1
    elif word == "SH":
        report.section, report.line_count = told, 0
        started = told.text("start").partition(" ")[0]
        report.batch_id = report.batch_id or f"{told.text('account')} {started}"
    elif word == "CH":
        report.names = names_of(report.file_name, number, cells)
        missing = [name for name in COLUMNS if name not in report.names]
        if missing:
            told.refuse("row", f"a column {missing[0]!r} after it")
    elif word == "SC":
        if told.text("count") != str(report.line_count):
            told.refuse("count", f"{report.line_count}, the section's lines")
    elif word in {"SF", "RF"}:
        _add_up(report, told)
    elif word not in _UNREAD:
        told.refuse("row", "SH, CH, SB, SC, SF, RF or RC")


def _add_up(report: _Report, row: Row) -> None:
    """Take what the lines of a currency come to, in a section or in the report."""
    total = _total(report, row)
    if row.text("row") == "RF":
        report.sums[total.net_currency_code] = total
    else:
        report.section_sums[total.net_currency_code] += total.net_minor


def _line(row: Row, batch_id: str) -> SettlementLine:
    """Return the line of a row; a payment that the merchant made is a correction."""
    if row.text("Transactional Status"):
        row.refuse("Transactional Status", "none: the transaction detail report has it")
    kind = row.kind("Transaction Event Code", _kinds_of(row))
    currency = row.currency("Gross Transaction Currency")
    gross = _signed(row, "Transaction Debit or Credit", "Gross Transaction Amount")
    fee = _signed(row, "Fee Debit or Credit", "Fee Amount")
    if fee and row.currency("Fee Currency") != currency:
        row.refuse("Fee Currency", f"{currency}, as of the gross amount")
    if kind == "sale" and gross < 0:
        kind = "correction"
    references = ("Invoice ID", "Custom Field", "Transaction ID", "PayPal Reference ID")
    told = filter(None, map(row.text, references))
    return SettlementLine(
        file_name=row.file_name,
        row_number=row.number,
        processor="paypal",
        batch_id=batch_id,
        line_kind=cast("LineKind", kind),
        references=tuple(dict.fromkeys(told)),
        currency_code=currency,
        amount_minor=gross,
        net_currency_code=currency,
        net_minor=gross + fee,
        happened_at=row.moment("Transaction Initiation Date"),
        settled_at=row.moment("Transaction Completion Date"),
    )


def _kinds_of(row: Row) -> Mapping[str, str]:
    """Return the kinds, with this row's code among them where its group is known."""
    code = row.text("Transaction Event Code").lower()
    known = KINDS.get(code, KINDS.get(code[:3], ""))
    return KINDS | ({code: known} if known else {})


def _signed(row: Row, side: str, column: str) -> int:
    """Return an amount with its sign, 0 where there is none."""
    amount = row.units(column)
    return int(f"{row.kind(side, _SIGNS)}{amount}") if amount else 0


def _total(report: _Report, row: Row) -> SettlementLine:
    """Return what lines of a currency come to, as the payout that takes it out."""
    if report.section is None:
        row.refuse("row", "a section (SH) before its total")
    gross_in, gross_out, fee_in, fee_out = map(row.units, _SUMS)
    currency, ended = row.currency("currency"), report.section.moment("end")
    net = gross_in - gross_out + fee_in - fee_out
    return SettlementLine(
        file_name=row.file_name,
        row_number=row.number,
        processor="paypal",
        batch_id=report.batch_id,
        line_kind="payout",
        references=(),
        currency_code=currency,
        amount_minor=-net,
        net_currency_code=currency,
        net_minor=-net,
        happened_at=ended,
        settled_at=ended,
    )
