"""The sample marketplace's ledger: what moves an account's balance, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.sources.sample_advances import KINDS, Advances, Repayments
from jobs.sources.sample_sales import Chargebacks, Lines, Refunds
from jobs.sources.sample_sellers import (
    DAY_SECONDS,
    OPEN_SECONDS,
    Accounts,
    Ints,
    Market,
    happens,
)

_RESERVE_DAYS = 90


@dataclass(frozen=True)
class Movements:
    """Ledger lines of one kind.

    ``letter`` and ``number`` make the line's id, ``source_letter`` and
    ``source_number`` that of what caused it; no source where the letter is empty.
    """

    kind: str
    letter: str
    account: Ints
    number: Ints
    occurred: Ints
    amount: Ints
    source_letter: str = ""
    source_number: Ints | None = None


def unique_number(accounts: Accounts, account: Ints, number: Ints) -> Ints:
    """Return a number unique in the seller from one unique in the account."""
    result: Ints = number * 2 + accounts.ordinal[account]
    return result


def net_by_day(
    market: Market, accounts: Accounts, movements: Sequence[Movements]
) -> Ints:
    """Return the sum of all lines by day and account, (days, accounts).

    Exact while a day's sum stays below 2 ** 53 minor units.
    """
    count = accounts.seller.size
    net = np.zeros(market.day_count * count, np.int64)
    for lines in movements:
        cell = market.day(lines.occurred) * count + lines.account
        net += np.bincount(cell, lines.amount, net.size).astype(np.int64)
    return net.reshape(market.day_count, count)


def sale_movements(lines: Lines) -> list[Movements]:
    """Return the sale and the commission of every captured line."""
    account, number, captured = lines.account, lines.number, lines.captured
    return [
        Movements("sale", "S", account, number, captured, lines.gross, "i", number),
        Movements(
            "commission", "C", account, number, captured, -lines.commission, "i", number
        ),
    ]


def refund_movements(lines: Lines, refunds: Refunds) -> list[Movements]:
    """Return each refund, and the commission that goes back with it."""
    account = lines.account[refunds.line]
    number = lines.number[refunds.line] * 2 + refunds.ordinal
    shared = (account, number, refunds.refunded)
    return [
        Movements("refund", "R", *shared, -refunds.amount, "r", number),
        Movements("commission_refund", "M", *shared, refunds.commission, "r", number),
    ]


def chargeback_movements(
    market: Market, lines: Lines, chargebacks: Chargebacks
) -> list[Movements]:
    """Return each chargeback, and its reversal where the seller has won."""
    account, number = lines.account[chargebacks.line], lines.number[chargebacks.line]
    gross = lines.gross[chargebacks.line]
    won = np.flatnonzero(chargebacks.is_won & (chargebacks.closed <= market.end))
    return [
        Movements(
            "chargeback", "D", account, number, chargebacks.opened, -gross, "d", number
        ),
        Movements(
            "chargeback_reversal",
            "V",
            account[won],
            number[won],
            chargebacks.closed[won],
            gross[won],
            "d",
            number[won],
        ),
    ]


def correction_movements(
    random: np.random.Generator, market: Market, accounts: Accounts, captured: Ints
) -> list[Movements]:
    """Return reserves and adjustments on the ``captured`` sales, (days, accounts)."""
    return [
        *_reserves(random, market, accounts, captured),
        _adjustments(random, market, accounts, captured),
    ]


def _reserves(
    random: np.random.Generator, market: Market, accounts: Accounts, captured: Ints
) -> list[Movements]:
    """Hold a tenth of each week's sales of a few accounts for 90 days."""
    weeks = market.day_count // 7
    reserved = np.flatnonzero(happens(random, 0.03, accounts.seller.size))
    by_week = captured[: weeks * 7, reserved].reshape(weeks, 7, -1).sum(axis=1)
    week, slot = np.nonzero(by_week // 10)
    account, held = reserved[slot], by_week[week, slot] // 10
    number = unique_number(accounts, account, week)
    at = market.second(week * 7 + 6, np.array(86_200))
    back = at + _RESERVE_DAYS * DAY_SECONDS
    due = back <= market.end
    return [
        Movements("reserve", "H", account, number, at, -held),
        Movements(
            "reserve",
            "L",
            account[due],
            number[due],
            back[due],
            held[due],
            "H",
            number[due],
        ),
    ]


def _adjustments(
    random: np.random.Generator, market: Market, accounts: Accounts, captured: Ints
) -> Movements:
    """Correct something small, up or down, on every 300th day with sales."""
    day, account = np.nonzero(captured)
    chosen = np.flatnonzero(happens(random, 1 / 300, day.size))
    day, account = day[chosen], account[chosen]
    most = np.maximum(captured[day, account] // 10, 1)
    amount = random.integers(1, most + 1) * np.where(
        happens(random, 0.6, day.size), -1, 1
    )
    at = market.second(day, random.integers(0, OPEN_SECONDS, day.size))
    number = unique_number(accounts, account, day)
    return Movements("adjustment", "J", account, number, at, amount)


def repayment_number(accounts: Accounts, advances: Advances, paid: Repayments) -> Ints:
    """Return a number for each repayment: one of a kind a day and account."""
    account = advances.account[paid.advance]
    return unique_number(accounts, account, paid.day * len(KINDS) + paid.kind)


def advance_movements(
    market: Market, accounts: Accounts, advances: Advances, paid: Repayments
) -> list[Movements]:
    """Return each disbursed advance and each repayment; both name the advance."""
    number = unique_number(accounts, advances.account, advances.number)
    given = np.flatnonzero(advances.disbursed <= market.end)
    return [
        Movements(
            "advance",
            "A",
            advances.account[given],
            number[given],
            advances.disbursed[given],
            advances.advance[given],
            "a",
            number[given],
        ),
        Movements(
            "advance_repayment",
            "Y",
            advances.account[paid.advance],
            repayment_number(accounts, advances, paid),
            paid.repaid,
            -paid.amount,
            "a",
            number[paid.advance],
        ),
    ]
