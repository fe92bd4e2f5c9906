"""The probability that a seller sells nothing at all: a logistic regression, pooled."""

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.features import FEATURES
from jobs.forecasting.regression import row_sums
from jobs.forecasting.rows import Rows

#: Recency, share of days without sales, age, level and size explain who stops.
COVARIATES: tuple[str, ...] = (
    "one",
    "week_4",
    "week_16",
    "zero_28",
    "zero_112",
    "idle",
    "variation",
    "youth",
    "size",
    "idle_zero",
)
_COLUMNS = [FEATURES.index(name) for name in COVARIATES]
#: With a smaller share of rows without sales there is nothing to learn.
LEAST_ZERO_SHARE = 0.002
_ROWS_LIMIT = 20_000
_LIMIT = 4.0
_HIGHEST = 0.995
#: Weight of the made-up rows, in rows a covariate and as a share of the real ones.
_PRIOR_ROWS, _PRIOR_SHARE = 2.0, 0.002


def fit_stopping(rows: Rows, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients on ``covariates`` [10]; none where hardly anyone stops.

    A binomial GLM by statsmodels. Every covariate but the constant also gets two
    made-up rows at +1, one that sold and one that did not: a weak prior at 0 that keeps
    the fit finite where a covariate tells the two apart perfectly.
    """
    stopped = rows.sold <= 0
    if stopped.mean() <= LEAST_ZERO_SHARE:
        return np.zeros(0)
    # statsmodels takes a second to import, which predicting need not pay.
    from statsmodels.genmod.families import Binomial  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415

    pick = np.arange(0, len(stopped), -(-len(stopped) // _ROWS_LIMIT))
    real = covariates(features[pick])
    prior = np.repeat(np.eye(real.shape[1])[1:], 2, axis=0)
    outcome = np.concatenate([stopped[pick], np.tile([0.0, 1.0], len(prior) // 2)])
    prior_weight = 4 * (_PRIOR_ROWS + _PRIOR_SHARE * len(pick))
    model = GLM(
        outcome,
        np.concatenate([real, prior]),
        family=Binomial(),
        freq_weights=np.concatenate(
            [np.ones(len(pick)), np.full(len(prior), prior_weight)]
        ),
    )
    return np.asarray(model.fit(maxiter=25, tol=1e-6).params, dtype=np.float64)


def covariates(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariates of scaled ``features`` [rows, 10], within 4 deviations."""
    return np.clip(features[:, _COLUMNS], -_LIMIT, _LIMIT)


def stopping_probability(
    features: NDArray[np.float64], coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-covariates x coefficients)), at most .995 [rows]."""
    score = row_sums(covariates(features) * coefficients)
    return np.asarray(np.minimum(1 / (1 + np.exp(-score)), _HIGHEST))
