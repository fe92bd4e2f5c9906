"""The sample marketplace's sellers and their demand, as plain arrays.

Times are whole seconds since 1970-01-01 UTC, days are counted from the first day of
history, money is integer minor units. Random numbers come from the caller.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

DAY_SECONDS = 86_400
#: Sales and refunds happen before 23:55, repayments after it: a day's sum is whole.
OPEN_SECONDS = 86_100
#: A time that has not come, later than any history ends.
NEVER = 1 << 40

COUNTRIES = ("US", "FR", "ES", "JP", "GB")
CURRENCIES = ("USD", "EUR", "JPY", "GBP")
RESTRICTIONS = ("payout_hold", "listing_suspended", "fraud_review")
_COUNTRY_SHARES = (0.32, 0.26, 0.18, 0.13, 0.11)
_HOME_CURRENCY = np.array((0, 1, 1, 2, 3), np.int32)
_SECOND_CURRENCY = np.array((3, 3, 3, 0, 1), np.int32)
#: Minor units that buy what one cent of a euro buys.
_MINOR_PER_CENT = np.array((1.1, 1.0, 1.5, 0.85))
LIFECYCLES = ("steady", "growing", "declining", "pausing", "stopping", "young")
LIFECYCLE_SHARES = (0.44, 0.15, 0.12, 0.11, 0.10, 0.08)

_WEEKDAYS = np.array(  # Monday first; a row a country.
    [
        (1.06, 1.04, 1.02, 1.00, 0.95, 0.92, 1.01),
        (1.04, 1.00, 1.02, 0.98, 0.93, 0.97, 1.06),
        (1.05, 1.03, 1.01, 1.00, 0.94, 0.93, 1.04),
        (0.92, 0.92, 0.95, 0.95, 1.00, 1.14, 1.12),
        (1.04, 1.02, 1.00, 1.00, 0.94, 0.95, 1.05),
    ]
)
#: Countries, first and last month and day, factor on demand.
_SEASONS = (
    ("US FR ES JP GB", (11, 15), (11, 30), 1.12),
    ("US FR ES GB", (12, 1), (12, 19), 1.35),
    ("JP", (12, 1), (12, 31), 1.18),
    ("US GB", (12, 26), (12, 31), 1.25),
    ("JP", (1, 1), (1, 4), 1.45),
    ("FR", (1, 8), (2, 4), 1.28),
    ("ES", (1, 7), (2, 15), 1.25),
    ("US GB", (1, 6), (2, 20), 0.90),
    ("JP", (4, 29), (5, 5), 1.30),
    ("FR", (6, 24), (7, 21), 1.22),
    ("ES", (7, 1), (7, 25), 1.20),
    ("FR ES", (8, 1), (8, 24), 0.84),
    ("US", (8, 10), (9, 5), 1.10),
)
#: Black Friday is the Friday between these days, written as month and day.
_BLACK_FRIDAY_DATES, _FRIDAY = (1123, 1129), 4
#: Days after Black Friday, factor where the day counts in full.
_BLACK_FRIDAY = ((-1, 1.3), (0, 2.4), (1, 1.6), (2, 1.5), (3, 2.0))
_BLACK_FRIDAY_WEIGHTS = np.array((1.0, 0.6, 0.7, 0.25, 0.9))


@dataclass(frozen=True)
class Market:
    """The days of history and each country's demand on them, (countries, days)."""

    first_day: int
    demand: Floats

    @property
    def day_count(self) -> int:
        """Days of history."""
        return int(self.demand.shape[1])

    @property
    def end(self) -> int:
        """Last second of history."""
        return (self.first_day + self.day_count) * DAY_SECONDS - 1

    def second(self, day: Ints, second: Ints) -> Ints:
        """Return the time ``second`` seconds into ``day``."""
        result: Ints = (day + self.first_day).astype(np.int64) * DAY_SECONDS + second
        return result

    def day(self, second: Ints) -> Ints:
        """Return the day of a time."""
        result: Ints = second // DAY_SECONDS - self.first_day
        return result


@dataclass(frozen=True)
class Sellers:
    """Sellers of one block; ``stopped_day`` is the day count for those who go on."""

    number: Ints
    legal_entity: Ints
    country: Ints
    lifecycle: Ints
    opened: Ints
    activated: Ints
    closed: Ints
    first_sale_day: Ints
    stopped_day: Ints


@dataclass(frozen=True)
class Restrictions:
    """Restrictions in any order; the end is told at the start where ``is_planned``."""

    seller: Ints
    kind: Ints
    starts: Ints
    ends: Ints
    is_planned: Flags


@dataclass(frozen=True)
class Accounts:
    """What a seller does in one currency; sorted by seller, home currency first."""

    seller: Ints
    ordinal: Ints
    currency: Ints
    daily_lines: Floats
    yearly_growth: Floats
    typical_minor: Floats
    price_step_minor: Ints
    commission_permille: Ints
    refund_rate: Floats


def happens(
    random: np.random.Generator, share: float | Floats, shape: int | tuple[int, ...]
) -> Flags:
    """Return flags, each true with probability ``share``."""
    return random.random(shape, np.float32) < share


def weekday(days: Ints) -> Ints:
    """Return the weekday of days since 1970-01-01, Monday 0 to Sunday 6."""
    result: Ints = (days + 3) % 7
    return result


def draw_market(random: np.random.Generator, first_day: int, day_count: int) -> Market:
    """Return demand: weekday x season x Black Friday x a slow shock common to all."""
    days = first_day + np.arange(day_count)
    shock = np.cumsum(random.normal(0, 0.006, day_count))
    shock += 0.05 * np.sin(2 * np.pi * (days / 410 + random.random()))
    demand = _WEEKDAYS[:, weekday(days)] * np.exp(shock - shock.mean())
    month_day = _month_day(days)
    for countries, first, last, factor in _SEASONS:
        rows = [COUNTRIES.index(country) for country in countries.split()]
        inside = (month_day >= first[0] * 100 + first[1]) & (
            month_day <= last[0] * 100 + last[1]
        )
        demand[np.array(rows)[:, None], np.flatnonzero(inside)] *= factor
    for offset, factor in _BLACK_FRIDAY:
        lift = 1 + (factor - 1) * _BLACK_FRIDAY_WEIGHTS
        demand[:, _is_black_friday(days - offset)] *= lift[:, None]
    return Market(first_day, demand)


def _month_day(days: Ints) -> Ints:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    result: Ints = (months.astype(np.int64) % 12 + 1) * 100 + (
        (dates - months).astype(np.int64) + 1
    )
    return result


def _is_black_friday(days: Ints) -> Flags:
    month_day = _month_day(days)
    result: Flags = (
        (month_day >= _BLACK_FRIDAY_DATES[0])
        & (month_day <= _BLACK_FRIDAY_DATES[1])
        & (weekday(days) == _FRIDAY)
    )
    return result


def draw_sellers(random: np.random.Generator, market: Market, number: Ints) -> Sellers:
    """Return sellers by country and lifecycle; about half joined before history."""
    count, day_count = len(number), market.day_count
    lifecycle = random.choice(len(LIFECYCLES), count, p=LIFECYCLE_SHARES)
    joined = random.integers(-1_200, max(1, int(day_count * 0.7)), count)
    is_young = lifecycle == LIFECYCLES.index("young")
    joined[is_young] = random.integers(day_count - 120, day_count, is_young.sum())
    opened = market.second(joined, random.integers(0, OPEN_SECONDS, count))
    activated = opened + random.integers(1, 12 * DAY_SECONDS, count)
    first_sale_day = market.day(activated) + 1 + random.geometric(0.12, count)
    is_stopping = lifecycle == LIFECYCLES.index("stopping")
    earliest = np.clip(first_sale_day + 60, day_count // 8, day_count - 1)
    stopped_day = np.where(is_stopping, random.integers(earliest, day_count), day_count)
    leaves = is_stopping & happens(random, 0.6, count)
    closed = market.second(stopped_day, np.array(0)) + random.integers(
        20 * DAY_SECONDS, 120 * DAY_SECONDS, count
    )
    shares_entity = happens(random, 0.03, count) & (np.arange(count) > 0)
    return Sellers(
        number,
        number - shares_entity,
        random.choice(len(COUNTRIES), count, p=_COUNTRY_SHARES),
        lifecycle,
        opened,
        activated,
        np.where(leaves, closed, NEVER),
        first_sale_day,
        stopped_day,
    )


def draw_restrictions(
    random: np.random.Generator, market: Market, sellers: Sellers
) -> Restrictions:
    """Return a restriction for one seller in ten, a quarter of them of late."""
    is_known = (sellers.first_sale_day < market.day_count - 1) & (
        sellers.stopped_day == market.day_count
    )
    seller = np.flatnonzero(is_known & happens(random, 0.1, is_known.size))
    earliest = np.maximum(sellers.first_sale_day[seller], 0)
    is_late = happens(random, 0.25, seller.size)
    earliest = np.where(is_late, np.maximum(earliest, market.day_count - 40), earliest)
    starts = market.second(
        random.integers(earliest, market.day_count),
        random.integers(0, OPEN_SECONDS, seller.size),
    )
    return Restrictions(
        seller,
        random.choice(len(RESTRICTIONS), seller.size, p=(0.4, 0.25, 0.35)),
        starts,
        starts + random.integers(3 * DAY_SECONDS, 60 * DAY_SECONDS, seller.size),
        happens(random, 0.5, seller.size),
    )


def restricted_days(
    restrictions: Restrictions, kind: str, market: Market, seller_count: int
) -> Flags:
    """Return (sellers, days + 1): whether a restriction of ``kind`` touches the day."""
    chosen = restrictions.kind == RESTRICTIONS.index(kind)
    change = np.zeros((seller_count, market.day_count + 2), np.int64)
    last = market.day_count + 1
    seller = restrictions.seller[chosen]
    starts = market.day(restrictions.starts[chosen])
    ends = market.day(restrictions.ends[chosen]) + 1
    np.add.at(change, (seller, np.minimum(starts, last)), 1)
    np.add.at(change, (seller, np.minimum(ends, last)), -1)
    result: Flags = change.cumsum(axis=1)[:, :-1] > 0
    return result


def draw_accounts(random: np.random.Generator, sellers: Sellers) -> Accounts:
    """Return one account a seller, and a smaller second one for four in a hundred."""
    has_second = happens(random, 0.04, sellers.number.size)
    everyone = np.arange(sellers.number.size, dtype=np.int32)
    seller = np.repeat(everyone, 1 + has_second)
    ordinal = np.concatenate(([0], (np.diff(seller) == 0).astype(np.int64)))
    country, count = sellers.country[seller], seller.size
    currency = np.where(
        ordinal == 0, _HOME_CURRENCY[country], _SECOND_CURRENCY[country]
    )
    daily_lines = random.lognormal(np.log(0.27), 1.1, count)
    daily_lines *= np.where(
        happens(random, 0.02, count), 1 + random.pareto(1.5, count), 1
    )
    growth = random.normal(0, 0.12, count)
    lifecycle = sellers.lifecycle[seller]
    growth += (lifecycle == LIFECYCLES.index("growing")) * random.uniform(0.3, 1, count)
    growth -= (lifecycle == LIFECYCLES.index("declining")) * random.uniform(
        0.3, 1.1, count
    )
    return Accounts(
        seller,
        ordinal,
        currency,
        np.minimum(daily_lines, 30) * np.where(ordinal == 0, 1, 0.3),
        growth,
        np.clip(random.lognormal(np.log(110), 0.75, count), 20, 600)
        * 100
        * _MINOR_PER_CENT[currency],
        np.where(happens(random, 0.5, count), 100, 1),
        random.integers(80, 151, count),
        random.beta(2.2, 30, count).clip(0.02, 0.12),
    )


def draw_intensity(
    random: np.random.Generator,
    market: Market,
    sellers: Sellers,
    accounts: Accounts,
    suspended: Flags,
) -> Floats:
    """Return expected lines, (accounts, days): size x growth x season x own moods.

    Nobody sells while paused or ``suspended``, (sellers, days + 1).
    """
    days = np.arange(market.day_count, dtype=np.float32)
    seller = accounts.seller
    first = np.maximum(sellers.first_sale_day, -365)[seller, None].astype(np.float32)
    middle = (np.maximum(first, 0) + market.day_count) / 2
    slope = (accounts.yearly_growth / 365).astype(np.float32)[:, None]
    weeks = np.cumsum(
        random.standard_normal((seller.size, market.day_count // 7 + 9), np.float32), 1
    )
    mood = np.repeat((weeks[:, 8:] - weeks[:, :-8]) * np.float32(0.12), 7, axis=1)
    level = np.exp(slope * (days - middle) + mood[:, : market.day_count])
    level *= accounts.daily_lines.astype(np.float32)[:, None]
    level *= market.demand.astype(np.float32)[sellers.country[seller]]
    level *= np.clip((days - first + 15) / 75, 0.2, 1)
    sells = (days >= first) & (days < sellers.stopped_day[seller, None])
    sells &= ~(suspended[:, :-1] | _paused_days(random, market, sellers))[seller]
    result: Floats = level * sells
    return result


def _paused_days(
    random: np.random.Generator, market: Market, sellers: Sellers
) -> Flags:
    """Return (sellers, days): the two long pauses of those who pause."""
    days = np.arange(market.day_count)
    paused = np.zeros((sellers.number.size, market.day_count), np.bool_)
    pausing = np.flatnonzero(sellers.lifecycle == LIFECYCLES.index("pausing"))
    for _ in range(2):
        start = random.integers(0, market.day_count, pausing.size)[:, None]
        length = random.integers(14, 75, pausing.size)[:, None]
        paused[pausing] |= (days >= start) & (days < start + length)
    return paused
