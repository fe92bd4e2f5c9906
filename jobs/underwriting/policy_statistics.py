"""What a replayed policy comes to: rates, their intervals, and whom they rest on."""

from dataclasses import dataclass

import numpy as np

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.policy_backtest import Outcome

#: Of equal width in probability, as in the scores of forecasts.
_CALIBRATION_BINS = 6
#: 90 % intervals.
_LOW, _HIGH = 0.05, 0.95
_REPLICATES = 1_000
_DAYS_A_YEAR = 365


@dataclass(frozen=True)
class Estimate:
    """A figure with its 90 % interval; NaN where there is nothing to measure."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LeaveOut:
    """A ratio of losses without each seller in turn, and without the ten largest."""

    lowest: float
    highest: float
    without_ten: float


@dataclass(frozen=True)
class Swap:
    """Who is funded by both of two policies, or by one alone.

    ``volume`` and ``loss`` are those of the policy that funds; for "both" of the first.
    """

    count: int
    volume: float
    loss_rate: float
    loss_count_rate: float


def share(part: FloatArray, whole: FloatArray) -> float:
    """Return sum(part) / sum(whole), NaN where the whole is nothing."""
    total = float(whole.sum())
    return float(part.sum()) / total if total > 0 else float("nan")


def yield_rate(outcome: Outcome) -> float:
    """Return (collected - advanced) / money out, as a rate a year.

    Before what the money costs us; fees not collected in the window are not counted.
    """
    gained = outcome.collected - outcome.lending.advance
    return share(gained * _DAYS_A_YEAR, outcome.money_days)


def payoff_quantile(outcome: Outcome, probability: float) -> float:
    """Return the day by which that share of advances was paid off, infinite if never.

    The smallest day that at least the share has reached.
    """
    days = outcome.payoff_days[outcome.is_funded]
    if not len(days):
        return float("nan")
    reached = np.sort(np.where(np.isnan(days), np.inf, days))
    return float(reached[max(int(np.ceil(probability * len(days))), 1) - 1])


def calibration_error(
    probability: FloatArray, happened: BooleanArray, weight: FloatArray
) -> float:
    """Return sum over bins of weight |predicted - observed| / sum of weights.

    Six bins of equal width in probability; ``weight`` [rows] is 1 to count events,
    money to weigh them by it.
    """
    bins = (probability * _CALIBRATION_BINS).astype(np.int64)
    bins = np.minimum(bins, _CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=weight * (probability - happened))
    total = float(weight.sum())
    return float(np.abs(gaps).sum()) / total if total > 0 else float("nan")


class TwoWayBootstrap:
    """Draws of blocks and of sellers, with replacement, independent of each other.

    ``block`` and ``seller`` [rows] are numbers. A block is a run of origins, because
    nights that overlap are no two observations. A row weighs as often as its block was
    drawn times as often as its seller was: rows of one time share its shocks, rows of
    one seller its fate.
    """

    def __init__(
        self, block: IntegerArray, seller: IntegerArray, seed: int = 0
    ) -> None:
        """Draw once, so that all figures rest on the same draws."""
        random = np.random.default_rng(seed)
        self._block, self._seller = block, seller
        self._blocks = _draws(random, block)
        self._sellers = _draws(random, seller)

    def sums(self, columns: FloatArray) -> FloatArray:
        """Return the weighted sums of ``columns`` [rows, columns] of every draw."""
        shape = self._blocks.shape[1], self._sellers.shape[1]
        cell = self._block * shape[1] + self._seller
        found = []
        for column in columns.T:
            cells = np.bincount(cell, weights=column, minlength=shape[0] * shape[1])
            by_seller = self._blocks @ cells.reshape(shape)
            found.append((by_seller * self._sellers).sum(axis=1))
        return np.column_stack(found)

    def ratio(self, part: FloatArray, whole: FloatArray) -> Estimate:
        """Return sum(part) / sum(whole) with its interval."""
        sums = self.sums(np.column_stack([part, whole]))
        return _estimate(share(part, whole), _divided(sums[:, 0], sums[:, 1]))

    def loss_ratio(self, ours: Outcome, theirs: Outcome) -> Estimate:
        """Return our loss rate over theirs with its interval."""
        columns = (ours.loss, ours.lending.advance, theirs.loss, theirs.lending.advance)
        sums = self.sums(np.column_stack(columns))
        rates = _divided(sums[:, 0], sums[:, 1]), _divided(sums[:, 2], sums[:, 3])
        return _estimate(loss_ratio(ours, theirs), _divided(*rates))


def loss_ratio(ours: Outcome, theirs: Outcome) -> float:
    """Return our loss as a share of volume over theirs; NaN where they lost nothing."""
    their_rate = share(theirs.loss, theirs.lending.advance)
    our_rate = share(ours.loss, ours.lending.advance)
    return our_rate / their_rate if their_rate > 0 else float("nan")


def leave_out(ours: Outcome, theirs: Outcome, seller: IntegerArray) -> LeaveOut:
    """Return the ratio of loss rates without one seller, and without the ten largest.

    The largest by what both lost on them: a ratio that rests on a few names falls apart
    without them.
    """
    columns = (ours.loss, ours.lending.advance, theirs.loss, theirs.lending.advance)
    by_seller = np.stack([np.bincount(seller, weights=each) for each in columns])
    without = by_seller.sum(axis=1)[:, None] - by_seller
    ratios = _divided(_divided(*without[:2]), _divided(*without[2:]))
    largest = np.argsort(-(by_seller[0] + by_seller[2]), kind="stable")[:10]
    rest = np.delete(by_seller, largest, axis=1).sum(axis=1, keepdims=True)
    without_ten = _divided(_divided(*rest[:2]), _divided(*rest[2:]))
    known = ratios[~np.isnan(ratios)]
    return LeaveOut(
        float(known.min()) if len(known) else float("nan"),
        float(known.max()) if len(known) else float("nan"),
        float(without_ten[0]),
    )


def swap_set(ours: Outcome, theirs: Outcome) -> dict[str, Swap]:
    """Return who is funded by both, by us alone and by them alone, and what is lost."""
    both = ours.is_funded & theirs.is_funded
    return {
        "both": _swap(ours, both),
        "ours alone": _swap(ours, ours.is_funded & ~both),
        "theirs alone": _swap(theirs, theirs.is_funded & ~both),
    }


def _swap(outcome: Outcome, rows: BooleanArray) -> Swap:
    advance, loss = outcome.lending.advance[rows], outcome.loss[rows]
    lost = (loss > 0).astype(np.float64)
    return Swap(
        int(np.count_nonzero(rows)),
        float(advance.sum()),
        share(loss, advance),
        share(lost, np.ones_like(lost)),
    )


def frontier(
    outcome: Outcome, sold: FloatArray, scales: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return volume and loss rate at each multiple of the lending's sizes [scales]."""
    sizes = outcome.lending.advance[:, None] * scales
    reached = outcome.lending.holdback_rate * sold[:, -1:]
    volume = sizes.sum(axis=0)
    loss = np.maximum(sizes - reached, 0.0).sum(axis=0)
    return volume, _divided(loss, volume)


def _draws(random: np.random.Generator, numbers: IntegerArray) -> FloatArray:
    """How often each number is drawn, float64 [replicates, numbers]."""
    count = int(numbers.max()) + 1
    present = np.unique(numbers)
    even = np.full(len(present), 1 / len(present))
    drawn = np.zeros((_REPLICATES, count))
    drawn[:, present] = random.multinomial(len(present), even, _REPLICATES)
    return drawn


def _divided(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _estimate(value: float, draws: FloatArray) -> Estimate:
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(known, (_LOW, _HIGH))
    return Estimate(value, float(low), float(high))
