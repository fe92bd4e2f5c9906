"""The sample marketplace's payouts: batches of ledger lines, as arrays.

A payout is the sum of the lines of its batch, because payouts are computed from the
lines and from nothing else.
"""

from dataclasses import dataclass

import numpy as np

from jobs.sources.sample_ledger import Movements, unique_number
from jobs.sources.sample_sellers import (
    DAY_SECONDS,
    NEVER,
    Accounts,
    Flags,
    Floats,
    Ints,
    Market,
    weekday,
)

_SUNDAY = 6
#: Lines a day from which sellers tend to be paid daily.
_DAILY_LINES = 0.9
_SLOW_SHARE, _FAILED_SHARE, _RETURNED_SHARE = 0.02, 0.01, 0.005
_LONGEST_LAG_DAYS = 6


@dataclass(frozen=True)
class Payouts:
    """Initiated payouts; ``number`` counts the batches of the account from 1.

    ``failed`` is when money came back before it arrived, ``returned`` after it did.
    """

    account: Ints
    number: Ints
    first_day: Ints
    last_day: Ints
    queued: Ints
    initiated: Ints
    paid: Ints
    failed: Ints
    returned: Ints
    amount: Ints


@dataclass(frozen=True)
class _Batches:
    """Closed batches: ``chance`` decides how each fares, ``lag_days`` when back."""

    account: Ints
    number: Ints
    first_day: Ints
    last_day: Ints
    amount: Ints
    chance: Floats
    lag_days: Ints


def pay_out(
    random: np.random.Generator,
    market: Market,
    accounts: Accounts,
    flows: Ints,
    on_hold: Flags,
) -> tuple[Payouts, Ints]:
    """Return the payouts of ``flows``, and the batch open on each day.

    Both are (days, accounts): what all lines of the day sum to, and a batch's number.

    An account has one open batch. It closes at the end of the period (a day, or a week
    to Sunday) in which its sum is positive and payouts are not on hold (``on_hold``,
    (sellers, days + 1)); otherwise it stays open for the next period. So a line knows
    its batch when it occurs, and a failed payout comes back into the batch then open.
    """
    count = accounts.seller.size
    net = np.zeros((market.day_count + _LONGEST_LAG_DAYS, count), np.int64)
    net[: market.day_count] = flows
    is_daily = accounts.daily_lines * random.uniform(0.3, 1.7, count) > _DAILY_LINES
    is_sunday = weekday(np.arange(market.day_count) + market.first_day) == _SUNDAY
    ends = (is_daily | is_sunday[:, None]) & ~on_hold[accounts.seller, 1:].T
    chance = random.random((market.day_count, count), np.float32)
    fails = chance > 1 - _FAILED_SHARE - _RETURNED_SHARE
    lag = 1 + (chance < _SLOW_SHARE) + random.integers(2, 5, chance.shape, np.int8)
    paid = np.zeros((market.day_count, count), np.int64)
    carried = np.zeros(count, np.int64)
    for day in range(market.day_count):
        carried += net[day]
        paid[day] = np.where(ends[day], np.maximum(carried, 0), 0)
        carried -= paid[day]
        failing = np.flatnonzero(fails[day] & (paid[day] > 0))
        net[day + lag[day, failing], failing] += paid[day, failing]
    closed = np.cumsum(paid > 0, axis=0, dtype=np.int32)
    open_batch = np.vstack((np.ones((1, count), np.int32), closed[:-1] + 1))
    account, last = np.nonzero(paid.T)
    is_first = np.append(True, np.diff(account) != 0)[: last.size]
    begun = np.where(is_first, (net != 0).argmax(axis=0)[account], np.roll(last, 1) + 1)
    batches = _Batches(
        account,
        open_batch[last, account],
        begun,
        last,
        paid[last, account],
        chance[last, account],
        lag[last, account],
    )
    return _send(random, market, batches), open_batch


def _send(random: np.random.Generator, market: Market, batches: _Batches) -> Payouts:
    """Return the payouts of batches, sent the next morning; one in fifty waits a day.

    One in a hundred fails in transit, one in two hundred is returned after it is paid.
    """
    count, next_day, chance = (
        batches.last_day.size,
        batches.last_day + 1,
        batches.chance,
    )
    is_slow = chance < _SLOW_SHARE
    queued = market.second(next_day, random.integers(3_600, 7_200, count))
    sent = market.second(next_day + is_slow, random.integers(7_200, 14_400, count))
    arrived = sent + random.integers(DAY_SECONDS, 2 * DAY_SECONDS, count)
    back_day = batches.last_day + batches.lag_days
    back = market.second(back_day, random.integers(36_000, 72_000, count))
    is_failed = chance > 1 - _FAILED_SHARE
    is_returned = (chance > 1 - _FAILED_SHARE - _RETURNED_SHARE) & ~is_failed
    known = np.flatnonzero(np.where(is_slow, queued, sent) <= market.end)
    columns = (
        batches.account,
        batches.number,
        batches.first_day,
        batches.last_day,
        np.where(is_slow, queued, NEVER),
        sent,
        np.where(is_failed, NEVER, arrived),
        np.where(is_failed, back, NEVER),
        np.where(is_returned, back, NEVER),
        batches.amount,
    )
    return Payouts(*(values[known] for values in columns))


def payout_movements(
    market: Market, accounts: Accounts, payouts: Payouts
) -> list[Movements]:
    """Return each payout's own line, and the line that brings a failed one back."""
    number = unique_number(accounts, payouts.account, payouts.number)
    sent = np.flatnonzero(payouts.initiated <= market.end)
    at = np.minimum(payouts.failed, payouts.returned)
    back = np.flatnonzero(at <= market.end)
    return [
        Movements(
            "payout",
            letter,
            payouts.account[chosen],
            number[chosen],
            times[chosen],
            sign * payouts.amount[chosen],
            "p",
            number[chosen],
        )
        for letter, chosen, times, sign in (
            ("P", sent, payouts.initiated, -1),
            ("B", back, at, 1),
        )
    ]
