"""What a backtest leaves behind: JSON, a plot beside it, and quantiles as Parquet."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.forecasting import scoring
from jobs.forecasting.grid import PROBABILITIES
from jobs.scorecard import Case, Results, Score, results_at, score

#: A file's place, and what writes it to a place.
Writer = tuple[Path, Callable[[Path], None]]
_DECIMALS = 6
_INK = ("#0b6e4f", "#c2571a", "#3b5b92", "#8a4f7d", "#7a7a2a", "#555555")


@dataclass
class Evaluation:
    """One forecaster's quantiles [series, horizons, probabilities], case by case.

    ``is_extrapolated`` [horizons], case by case, of our own forecaster alone.
    """

    name: str
    cases: list[Case] = field(default_factory=list)
    quantiles: list[NDArray[np.float64]] = field(default_factory=list)
    is_extrapolated: list[NDArray[np.bool_]] = field(default_factory=list)
    failed_count: int = 0
    first_error: str = ""

    def add(self, case: Case, quantiles: NDArray[np.float64]) -> None:
        """Keep what was said at one more origin."""
        self.cases.append(case)
        self.quantiles.append(quantiles)


@dataclass(frozen=True)
class Backtest:
    """What every forecaster said, and the parameters of the run.

    ``peers`` holds all forecasters on the peers' sample, ours and SeasonalNaive too.
    """

    model_version: str
    code_version: str
    parameters: dict[str, object]
    series_ids: pa.Array
    horizons_days: tuple[int, ...]
    own: Evaluation
    naive: Evaluation
    peers: dict[str, Evaluation]

    @cached_property
    def scores(self) -> list[Score]:
        """Our scores, one a horizon, over all origins and series."""
        return self.scores_of(self.own, self.naive)

    @cached_property
    def peer_scores(self) -> dict[str, list[Score]]:
        """Every forecaster's scores on the peers' sample, one a horizon."""
        naive = self.peers.get(self.naive.name, self.naive)
        return {
            name: self.scores_of(evaluation, naive)
            for name, evaluation in self.peers.items()
        }

    def scores_of(self, evaluation: Evaluation, naive: Evaluation) -> list[Score]:
        """Return the pooled scores of one forecaster, one a horizon."""
        places = range(len(self.horizons_days))
        return [score(self.results(evaluation, naive, place)) for place in places]

    def results(
        self,
        evaluation: Evaluation,
        naive: Evaluation,
        place: int,
        origins: slice = slice(None),
    ) -> Results:
        """Return the rows of one horizon, at all origins or some."""
        return results_at(
            evaluation.cases[origins],
            evaluation.quantiles[origins],
            naive.quantiles[origins],
            self.horizons_days,
            place,
        )


def write_outputs(
    result: Backtest, json_path: Path | None, quantiles_path: Path | None
) -> None:
    """Write JSON, plot and quantiles, all of them or, where one fails, none.

    Each is written beside its place first and put there when all are whole.
    """
    writers: list[Writer] = []
    if json_path is not None:
        text = json.dumps(as_json(result), indent=2, allow_nan=False) + "\n"
        plot_path = json_path.with_suffix(".png")
        writers.append((json_path, lambda path: _write_text(path, text)))
        writers.append((plot_path, lambda path: _plot(result, path)))
    if quantiles_path is not None:
        table = quantile_table(result)
        writers.append((quantiles_path, lambda path: pq.write_table(table, path)))
    write_whole(writers)


def write_whole(writers: list[Writer]) -> None:
    """Write every file, or where one fails none."""
    folders: list[TemporaryDirectory[str]] = []
    try:
        written = []
        for path, write in writers:
            folders.append(TemporaryDirectory(prefix=".backtest-", dir=path.parent))
            temporary = Path(folders[-1].name) / path.name
            write(temporary)
            written.append((temporary, path))
        for temporary, path in written:
            temporary.replace(path)
    finally:
        for folder in folders:
            folder.cleanup()


def quantile_table(result: Backtest) -> pa.Table:
    """Return one row a series, origin and horizon, the quantiles in its own unit."""
    parts = [
        _quantile_part(result, case, quantiles)
        for case, quantiles in zip(result.own.cases, result.own.quantiles, strict=True)
    ]
    return pa.concat_tables(parts)


def _quantile_part(
    result: Backtest, case: Case, quantiles: NDArray[np.float64]
) -> pa.Table:
    count, horizon_count, _ = quantiles.shape
    flat = quantiles.reshape(count * horizon_count, -1)
    rows = np.repeat(case.rows, horizon_count)
    columns: dict[str, object] = {
        "series_id": result.series_ids.take(pa.array(rows)),
        "origin_date": pa.repeat(pa.scalar(case.origin_date, pa.date32()), len(rows)),
        "horizon_days": pa.array(np.tile(result.horizons_days, count), pa.int32()),
    }
    columns |= {
        f"q{probability:g}": pa.array(flat[:, place])
        for place, probability in enumerate(PROBABILITIES)
    }
    return pa.table(columns)


def as_json(result: Backtest) -> dict[str, object]:
    """Return the whole report; a score of no rows is null."""
    report: dict[str, object] = {
        "model_version": result.model_version,
        "code_version": result.code_version,
        "parameters": result.parameters,
        "horizons": [
            _horizon(result, place) for place in range(len(result.horizons_days))
        ],
    }
    if result.peers:
        report["same_series"] = {
            name: {
                "failed_series": result.peers[name].failed_count,
                "horizons": [
                    _numbers(days, each)
                    for days, each in zip(result.horizons_days, scores, strict=True)
                ],
            }
            for name, scores in result.peer_scores.items()
        }
    return report


def _horizon(result: Backtest, place: int) -> dict[str, object]:
    """Return a horizon's scores: pooled, by origin, by decile, by probability."""
    pooled, days = result.scores[place], result.horizons_days[place]
    rows = result.results(result.own, result.naive, place)
    by_origin = []
    for number, case in enumerate(result.own.cases):
        origins = slice(number, number + 1)
        part = score(result.results(result.own, result.naive, place, origins))
        is_extrapolated = bool(result.own.is_extrapolated[number][place])
        by_origin.append(
            {
                "origin_date": str(case.origin_date),
                "is_extrapolated": is_extrapolated,
                **_numbers(days, part),
            }
        )
    return {
        **_numbers(days, pooled),
        "origins": by_origin,
        "by_age_decile": _by_decile(rows, rows.age_days.astype(np.float64)),
        "by_zero_share_decile": _by_decile(rows, rows.zero_share),
        "reliability": [
            {
                "n": int(pooled.bins.count[number]),
                "predicted": _number(pooled.bins.predicted[number]),
                "observed": _number(pooled.bins.observed[number]),
            }
            for number in range(scoring.RELIABILITY_BINS)
        ],
    }


def _numbers(horizon_days: int, scores: Score) -> dict[str, object]:
    return {
        "horizon_days": horizon_days,
        "n": scores.row_count,
        "weighted_quantile_loss": _number(scores.weighted_quantile_loss),
        "ratio_to_seasonal_naive": _number(scores.ratio_to_seasonal_naive),
        **_bands(scores.coverage_80, scores.coverage_95),
        "brier": _number(scores.brier),
        "calibration_error": _number(scores.calibration_error),
    }


def _bands(*covered: scoring.Coverage) -> dict[str, float | None]:
    """Return the shares inside, below and above the 80 % and the 95 % band."""
    return {
        f"{name}_{band}": _number(share)
        for band, each in zip((80, 95), covered, strict=True)
        for name, share in (
            ("coverage", each.inside),
            ("below", each.below),
            ("above", each.above),
        )
    }


def _number(value: float) -> float | None:
    return round(float(value), _DECIMALS) if math.isfinite(value) else None


def _by_decile(rows: Results, values: NDArray[np.float64]) -> list[dict[str, object]]:
    """Return size, range and coverage of each decile that is not empty."""
    decile = scoring.decile_of(values)
    deciles: list[dict[str, object]] = []
    for number in np.unique(decile):
        inside = decile == number
        actual, quantiles = rows.actual[inside], rows.quantiles[inside]
        covered = (
            scoring.coverage(actual, quantiles, band)
            for band in (scoring.BAND_80, scoring.BAND_95)
        )
        deciles.append(
            {
                "n": int(np.count_nonzero(inside)),
                "from": _number(values[inside].min()),
                "to": _number(values[inside].max()),
                **_bands(*covered),
            }
        )
    return deciles


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _plot(result: Backtest, path: Path) -> None:
    """Draw reliability of repayment events, and coverage by horizon."""
    # matplotlib takes a second to import, which other commands need not pay.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
    for place, days in enumerate(result.horizons_days):
        bins, ink = result.scores[place].bins, _INK[place % len(_INK)]
        left.plot(bins.predicted, bins.observed, "o-", color=ink, label=f"{days} days")
    left.set(
        title="Reliability of repayment events",
        xlabel="predicted probability",
        ylabel="share that happened",
    )
    left.legend(frameon=False)
    shown = result.peer_scores or {result.model_version: result.scores}
    for number, (name, scores) in enumerate(shown.items()):
        ink = _INK[number % len(_INK)]
        for band, style in (("coverage_80", "o-"), ("coverage_95", "s--")):
            covered = [getattr(each, band).inside for each in scores]
            label = name if band == "coverage_80" else None
            right.plot(result.horizons_days, covered, style, color=ink, label=label)
    for target in (0.8, 0.95):
        right.axhline(target, color="#bbbbbb", linewidth=1)
    right.set(
        title="Coverage: 80 % band solid, 95 % dashed",
        xlabel="horizon, days",
        ylabel="share inside",
        ylim=(0, 1.02),
    )
    right.legend(frameon=False)
    figure.savefig(path, metadata={"Software": None}, format="png")
