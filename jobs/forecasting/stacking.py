"""How much each expert counts: weights by risk group, learned on past origins."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.experts import LOG_FLOOR
from jobs.forecasting.features import SHARED
from jobs.forecasting.rows import Rows

GROUPS = 4
_STEPS = 6
#: The regression first, then the experts in their own order.
_COUNT = 5
#: Every way to share 1 among five experts in sixths, [210, 5].
SHARES = np.array(
    [part for part in product(range(_STEPS + 1), repeat=_COUNT) if sum(part) == _STEPS]
) / float(_STEPS)
#: What is expected before the data says otherwise, for dense and for sparse series.
_DENSE = np.array([0.25, 0.25, 0.05, 0.30, 0.15])
_SPARSE = np.array([0.75, 0.05, 0.20, 0.0, 0.0])
_SPARSE_ZERO_SHARE = 0.6
_LEARNED = 0.7
_PULL = 0.8
_ROWS_LIMIT = 6_000


def risk_edges(risk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the three edges that split ``risk`` into four groups of equal size."""
    return np.quantile(risk, np.arange(1, GROUPS) / GROUPS)


def learn_weights(
    rows: Rows,
    locations: NDArray[np.float64],
    group: NDArray[np.int64],
    used: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the weights of regression and experts by risk group [4, 5].

    ``locations`` [rows, 5] in log units. The loss is |S - forecast| / base, by the root
    of size; half of a group's score is its own, half that of all. A penalty pulls to
    the expected weights, the harder the fewer horizons the past holds; 0.3 of the
    expected weights always stay.
    """
    pick = np.flatnonzero(used)
    stride = -(-len(pick) // _ROWS_LIMIT)
    pick = pick[::stride]
    weight = np.sqrt(rows.size[pick])
    actual = np.exp(rows.target[pick]) - LOG_FLOOR
    miss = np.abs(np.exp(locations[pick] @ SHARES.T) - LOG_FLOOR - actual[:, None])
    in_group = group[pick][:, None] == np.arange(GROUPS)
    losses = miss.T @ (in_group * (weight / weight.sum())[:, None])
    everyone = losses.sum(axis=1)
    everyone = everyone / max(everyone.min(), 1e-12)
    zero_share = rows.features[:, SHARED.index("zero_112")]
    count = rows.independent_count
    weights = np.empty((GROUPS, _COUNT))
    for number in range(GROUPS):
        inside = group == number
        sparse = zero_share[inside].mean() / _SPARSE_ZERO_SHARE if inside.any() else 1.0
        expected = _expected(float(np.clip(sparse, 0, 1)), count)
        departure = ((SHARES - expected) ** 2).sum(axis=1)
        penalty = 1 + _PULL * departure / np.sqrt(count) * (1 + (2 / count) ** 2)
        own = losses[:, number]
        own = own / own.min() if own.min() > 0 else everyone
        best = SHARES[np.argmin((0.5 * own + 0.5 * everyone) * penalty)]
        weights[number] = _LEARNED * best + (1 - _LEARNED) * expected
    return weights


def _expected(sparse: float, count: float) -> NDArray[np.float64]:
    """Return the weights expected of a group of which so large a part is sparse [5].

    The regression gets n / (n + 2) of its share, n the independent horizons it saw.
    """
    weights = (1 - sparse) * _DENSE + sparse * _SPARSE
    first = weights[0] * count / (count + 2)
    return np.append(first, weights[1:] / weights[1:].sum() * (1 - first))
