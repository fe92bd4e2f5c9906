"""Sellers planted into the sample whose last 28 days are inflated, or honestly large.

A guard that looks for bust-outs is measured on them. Their labels are no table of the
input contract: only a benchmark reads them. Units are those of ``sample_sellers``.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from jobs.sources.sample_sales import Lines
from jobs.sources.sample_sellers import (
    LIFECYCLES,
    NEVER,
    Accounts,
    Flags,
    Floats,
    Ints,
    Market,
    Restrictions,
    Sellers,
)

SURGE_DAYS = 28
#: What is planted, in turn. Two accounts of a ring follow each other.
BUST_OUTS = ("dear_items", "few_days", "undelivered", "padded", "ring", "ring")
HONEST = ("viral", "campaign", "premium")
KINDS = (*dict.fromkeys(BUST_OUTS), *HONEST)
#: Days of which the orders of a few friends, or of a campaign, come.
_PEAK_DAYS = {"few_days": 2, "campaign": 5}
#: Factors on lines a day and on prices, drawn between the two.
_LINES = {
    "dear_items": (1.0, 1.5),
    "few_days": (3.0, 6.0),
    "undelivered": (3.0, 6.0),
    "padded": (2.5, 5.0),  # as large as the others, and odd in nothing else
    "ring": (3.0, 6.0),
    "viral": (2.0, 6.0),
    "campaign": (2.0, 4.0),
    "premium": (1.2, 2.0),
}
_PRICES = {"dear_items": (3.0, 7.0), "premium": (1.3, 2.2)}
_SHORTEST_HISTORY_DAYS = 200
_LEAST_DAILY_LINES = 0.3
_UNDELIVERED_SHARE = 0.9


@dataclass(frozen=True)
class Planting:
    """Which of all surges fall into a block, and random numbers for them alone.

    What is drawn for the others must not depend on whether any are planted.
    """

    random: np.random.Generator
    turns: range


@dataclass(frozen=True)
class Surges:
    """The planted sellers of one block: index, number in ``KINDS``, and factors."""

    seller: Ints
    kind: Ints
    lines: Floats
    prices: Floats

    def of(self, *kinds: str) -> Flags:
        """Tell which are of these kinds."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


def draw_surges(
    planting: Planting,
    market: Market,
    sellers: Sellers,
    accounts: Accounts,
    restrictions: Restrictions,
) -> Surges:
    """Return a seller for each of the block's turns, fewer where too few are fit.

    Even turns are bust-outs, odd ones honest. Fit are steady or growing sellers with a
    history, a sale every few days, and no restriction.
    """
    steady = [LIFECYCLES.index(word) for word in ("steady", "growing")]
    is_fit = np.isin(sellers.lifecycle, steady)
    is_fit &= sellers.first_sale_day < market.day_count - _SHORTEST_HISTORY_DAYS
    is_fit &= accounts.daily_lines[accounts.ordinal == 0] >= _LEAST_DAILY_LINES
    is_fit[restrictions.seller] = False
    random, turns = planting.random, planting.turns
    fit = random.permutation(np.flatnonzero(is_fit))[: len(turns)]
    words = [
        HONEST[turn // 2 % len(HONEST)]
        if turn % 2
        else BUST_OUTS[turn // 2 % len(BUST_OUTS)]
        for turn in turns[: fit.size]
    ]
    bounds = np.array(
        [(*_LINES[word], *_PRICES.get(word, (1.0, 1.0))) for word in words]
    )
    bounds = bounds.reshape(-1, 4)
    return Surges(
        fit,
        np.array([KINDS.index(word) for word in words], np.int64),
        random.uniform(bounds[:, 0], bounds[:, 1]),
        random.uniform(bounds[:, 2], bounds[:, 3]),
    )


def with_rings(sellers: Sellers, surges: Surges) -> Sellers:
    """Return the sellers with each two accounts of a ring in one legal entity."""
    ring = surges.seller[surges.of("ring")]
    first, second = ring[: ring.size // 2 * 2].reshape(-1, 2).T
    entity = sellers.legal_entity.copy()
    entity[second] = entity[first]
    return replace(sellers, legal_entity=entity)


def with_more_lines(
    random: np.random.Generator, intensity: Floats, accounts: Accounts, surges: Surges
) -> Floats:
    """Return expected lines, (accounts, days), with the last 28 days of the planted."""
    result = intensity.copy()
    home = np.flatnonzero(accounts.ordinal == 0)[surges.seller]
    for place, kind, factor in zip(home, surges.kind, surges.lines, strict=True):
        window = result[place, -SURGE_DAYS:]
        extra = (factor - 1) * window.sum()
        peak_count = _PEAK_DAYS.get(KINDS[kind], SURGE_DAYS)
        peak = random.permutation(SURGE_DAYS)[:peak_count]
        window[peak] += extra / peak_count
    return result


def with_odd_lines(
    random: np.random.Generator,
    market: Market,
    accounts: Accounts,
    lines: Lines,
    surges: Surges,
) -> Lines:
    """Return the lines with the prices and the missing deliveries of the planted.

    Prices keep their step and commission its share: ``floor(commission x factor)``.
    """
    factor = np.ones(accounts.seller.size)
    home = np.flatnonzero(accounts.ordinal == 0)[surges.seller]
    factor[home] = surges.prices
    is_unsent = np.zeros(accounts.seller.size, np.bool_)
    is_unsent[home] = surges.of("undelivered")
    is_late = market.day(lines.ordered) >= market.day_count - SURGE_DAYS
    factors = np.where(is_late, factor[lines.account], 1.0)
    drawn = random.random(lines.account.size) < _UNDELIVERED_SHARE
    lost = is_late & is_unsent[lines.account] & drawn
    step = accounts.price_step_minor[lines.account]
    steps = np.floor((lines.gross + (step > 1)) * factors / step).astype(np.int64)
    return replace(
        lines,
        gross=steps * step - (step > 1),
        commission=np.floor(lines.commission * factors).astype(np.int64),
        delivered=np.where(lost, NEVER, lines.delivered),
    )


def labels(market: Market, seller_ids: pa.Array, surges: Surges) -> pa.Table:
    """Return seller_id, kind, is_bust_out and the first day of each surge."""
    first_day = market.first_day + market.day_count - SURGE_DAYS
    start = np.full(surges.seller.size, first_day, np.int32)
    words = [KINDS[kind] for kind in surges.kind.tolist()]
    return pa.table(
        {
            "seller_id": seller_ids.take(pa.array(surges.seller)),
            "kind": pa.array(words, pa.string()),
            "is_bust_out": pa.array([word in BUST_OUTS for word in words], pa.bool_()),
            "start_date": pa.array(start).cast(pa.date32()),
        }
    )
