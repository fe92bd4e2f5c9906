"""What the sample marketplace sells, takes back and disputes, as plain arrays.

Units and conventions are those of ``sample_sellers``.
"""

from dataclasses import dataclass

import numpy as np

from jobs.sources.sample_sellers import (
    DAY_SECONDS,
    NEVER,
    OPEN_SECONDS,
    Accounts,
    Flags,
    Floats,
    Ints,
    Market,
    Sellers,
    happens,
)

#: UTC second at which a country shops most.
_BUSIEST_SECOND = np.array((2, 19, 20, 12, 19)) * 3_600


@dataclass(frozen=True)
class Lines:
    """Sold lines sorted by account and day, numbered within their seller."""

    account: Ints
    number: Ints
    order: Ints
    ordered: Ints
    captured: Ints
    delivered: Ints
    gross: Ints
    commission: Ints

    def take(self, chosen: Ints) -> "Lines":
        """Return the chosen lines."""
        return Lines(*(values[chosen] for values in vars(self).values()))


@dataclass(frozen=True)
class Refunds:
    """Refunds of ``line``; a line has at most two, told apart by ``ordinal``."""

    line: Ints
    ordinal: Ints
    refunded: Ints
    amount: Ints
    commission: Ints


@dataclass(frozen=True)
class Chargebacks:
    """Disputes over ``line``, of its whole amount."""

    line: Ints
    opened: Ints
    closed: Ints
    is_won: Flags


def draw_lines(
    random: np.random.Generator,
    market: Market,
    sellers: Sellers,
    accounts: Accounts,
    intensity: Floats,
) -> Lines:
    """Return every ordered line; cancelled ones are never captured.

    ``commission = floor(gross x permille / 1000 + 1/2)``.
    """
    counts = random.poisson(intensity)
    cell = np.repeat(np.arange(counts.size, dtype=np.int32), counts.ravel())
    count = cell.size
    account = np.repeat(np.arange(len(counts), dtype=np.int32), counts.sum(axis=1))
    day = cell - account * np.int32(market.day_count)
    seller = accounts.seller.astype(np.int32)[account]
    is_first = np.ones(count, np.bool_)
    is_first[1:] = (np.diff(cell) != 0) | happens(random, 0.88, count - 1)
    order = np.cumsum(is_first) - 1
    line_of_order = np.flatnonzero(is_first)
    ordered, captured = _order_times(
        random, market, sellers.country[seller[line_of_order]], day[line_of_order]
    )
    start = np.searchsorted(seller, np.arange(sellers.number.size))
    start_order = np.append(order, 0)[np.minimum(start, count)]
    gross = _prices(random, accounts, account)
    commission = (gross * accounts.commission_permille[account] + 500) // 1_000
    captured = captured[order]
    wait = random.random(count, np.float32)
    delivered = captured + (129_600 + 600_000 * wait * wait).astype(np.int64)
    lost = happens(random, 0.02, count) | (captured == NEVER)
    delivered[lost] = NEVER
    return Lines(
        account,
        np.arange(count) - start[seller],
        order - start_order[seller],
        ordered[order],
        captured,
        delivered,
        gross,
        commission,
    )


def _order_times(
    random: np.random.Generator, market: Market, country: Ints, day: Ints
) -> tuple[Ints, Ints]:
    """Return when orders were placed and captured; one in 80 is cancelled instead."""
    count = day.size
    spread = random.random(count, np.float32) + random.random(count, np.float32) - 1
    second = (_BUSIEST_SECOND[country] + (spread * 43_000).astype(np.int64)) % (
        OPEN_SECONDS
    )
    captured = market.second(day, second)
    wait = random.integers(2, 900, count, np.int32)
    is_slow = happens(random, 0.03, count)
    wait[is_slow] = random.integers(900, 2 * DAY_SECONDS, is_slow.sum())
    ordered = np.maximum(captured - wait, market.first_day * DAY_SECONDS)
    captured[happens(random, 1 / 80, count)] = NEVER
    return ordered, captured


def _prices(random: np.random.Generator, accounts: Accounts, account: Ints) -> Ints:
    """Return lognormal prices around the account's own, some ending in 99."""
    spread = np.exp(random.standard_normal(account.size, np.float32) * np.float32(0.4))
    step = accounts.price_step_minor[account]
    steps = np.ceil(accounts.typical_minor[account] * spread / step).astype(np.int64)
    result: Ints = steps * step - (step > 1)
    return result


def draw_refunds(
    random: np.random.Generator, market: Market, accounts: Accounts, lines: Lines
) -> Refunds:
    """Return refunds 3 to 60 days late; three in ten partial, some of those in two.

    ``commission = floor(line's commission x amount / gross)`` goes back with each.
    """
    rate = accounts.refund_rate.astype(np.float32)[lines.account]
    first = np.flatnonzero(happens(random, rate, rate.size))
    is_partial = happens(random, 0.3, first.size)
    share = np.where(is_partial, random.uniform(0.1, 0.8, first.size), 1)
    amount = np.maximum(1, np.floor(lines.gross[first] * share)).astype(np.int64)
    day = market.day(lines.captured[first])
    day = day + 3 + (57 * random.random(first.size) ** 2.5).astype(np.int64)
    again = np.flatnonzero(is_partial & happens(random, 0.15, first.size))
    line = np.concatenate((first, first[again]))
    amount = np.concatenate((amount, lines.gross[first[again]] - amount[again]))
    day = np.concatenate((day, day[again] + random.integers(1, 20, again.size)))
    refunded = market.second(day, random.integers(0, OPEN_SECONDS, day.size))
    known = np.flatnonzero((refunded <= market.end) & (amount > 0))
    ordinal = np.repeat((0, 1), (first.size, again.size))
    commission = lines.commission[line] * amount // np.maximum(lines.gross[line], 1)
    return Refunds(
        line[known], ordinal[known], refunded[known], amount[known], commission[known]
    )


def draw_chargebacks(
    random: np.random.Generator, market: Market, lines: Lines, refunds: Refunds
) -> Chargebacks:
    """Return disputes over three lines in a thousand, never over a refunded line."""
    is_disputed = happens(random, 0.0032, lines.account.size)
    is_disputed[refunds.line] = False
    line = np.flatnonzero(is_disputed)
    day = market.day(lines.captured[line]) + random.integers(5, 70, line.size)
    opened = market.second(day, random.integers(0, OPEN_SECONDS, line.size))
    known = opened <= market.end
    closed = market.second(
        day + random.integers(20, 61, line.size),
        random.integers(0, OPEN_SECONDS, line.size),
    )
    is_won = happens(random, 0.4, line.size)
    return Chargebacks(line[known], opened[known], closed[known], is_won[known])
