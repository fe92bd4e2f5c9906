"""What each part of the forecast pays: the loss without it, over that of the whole.

Run: python tests/benchmarks/make_panels.py FOLDER
     python tests/benchmarks/bench_ablation.py FOLDER [OFFSET_DAYS]

Four origins a panel, 49 days apart, the last one OFFSET_DAYS before the last that 180
days allow. A part that is taken out is replaced by the next simpler thing, named in the
table. Above 1.00 the part pays.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np

from jobs.backtest_report import Evaluation
from jobs.calendars import calendars_of
from jobs.forecasting import (
    closures,
    experts,
    horizon,
    model,
    rows,
    stacking,
    stopping,
)
from jobs.forecasting.empirical import extrapolate
from jobs.forecasting.experts import EXPERTS, LOG_FLOOR, Evidence
from jobs.forecasting.features import OWN
from jobs.forecasting.grid import HORIZONS_DAYS, Forecast, repair
from jobs.forecasting.naive import seasonal_naive
from jobs.forecasting.panel import Panel
from jobs.panel_file import read_panel
from jobs.scorecard import case_at, eligible_rows, results_at, score

LONG, SHORT = (30, 90, 180), (30, 60, 90)
ORIGINS = 4
#: Panels by name, how many of their first days are taken (0: all), the horizons, and
#: the days between origins. A panel shorter than a year has no room for long ones; in
#: the last three the longest horizons cannot be learned.
PANELS: tuple[tuple[str, int, tuple[int, ...], int], ...] = (
    ("olist", 0, LONG, 49),
    ("rossmann_open", 0, LONG, 49),
    ("walmart", 0, LONG, 49),
    ("m4_weekly", 0, LONG, 49),
    ("sample", 0, LONG, 49),
    ("olist", 400, SHORT, 14),
    ("rossmann_open", 370, SHORT, 14),
    ("sample", 380, SHORT, 14),
    ("olist", 390, LONG, 14),
    ("rossmann_open", 391, LONG, 14),
    ("sample", 392, LONG, 14),
)
FLAT = np.log(1 + LOG_FLOOR)


def weighing(change: Callable[[Evidence], Evidence]) -> list[object]:
    """Return the patches that change all evidence, past and present."""
    whole = experts.weigh

    def weigh(*arguments: object) -> Evidence:
        return change(whole(*arguments))  # type: ignore[arg-type]

    return [patch.object(rows, "weigh", weigh), patch.object(model, "weigh", weigh)]


def without(*names: str, features: tuple[str, ...] = ()) -> list[object]:
    """Replace experts by the flat run rate, and their features by nothing."""

    def change(evidence: Evidence) -> Evidence:
        found, own = evidence.experts.copy(), evidence.own.copy()
        for name in names:
            found[:, :, EXPERTS.index(name)] = FLAT
        for name in features:
            own[:, :, OWN.index(name)] = 0.0
        return replace(evidence, experts=found, own=own)

    return weighing(change)


def no_regression() -> list[object]:
    """Share the regression's weight out to the experts."""
    kept = stacking.SHARES[stacking.SHARES[:, 0] == 0]
    priors = {
        name: np.append(0.0, prior[1:] / prior[1:].sum())
        for name, prior in (("_DENSE", stacking._DENSE), ("_SPARSE", stacking._SPARSE))
    }
    return [
        patch.object(stacking, "SHARES", kept),
        *(patch.object(stacking, name, prior) for name, prior in priors.items()),
    ]


def no_closures() -> list[object]:
    """Fill no stretch without sales."""
    none = closures.Closures(*(np.zeros(0, dtype=np.int64),) * 3)
    found = lambda *_arguments: none  # noqa: E731 - a stand-in of one line
    return [
        patch.object(rows, "find_closures", found),
        patch.object(model, "find_closures", found),
    ]


def alone(place: int) -> list[object]:
    """Give the regression (0) or one expert all the weight."""
    weights = np.zeros((stacking.GROUPS, 1 + len(EXPERTS)))
    weights[:, place] = 1.0
    return [patch.object(horizon, "learn_weights", lambda *_arguments: weights)]


def growing() -> list[object]:
    """Go on by the last log-log growth where a horizon cannot be learned."""
    whole = model.predict

    def predict(panel: Panel, fitted: model.Model) -> Forecast:
        found, count = whole(panel, fitted), len(fitted.horizons)
        days = fitted.horizons_days
        quantiles = repair(extrapolate(found.quantiles, count, days))
        return replace(found, quantiles=quantiles)

    return [patch.object(model, "predict", predict)]


VARIANTS: dict[str, Callable[[], list[object]]] = {
    "the whole": list,
    "regression: experts alone": no_regression,
    "all but the regression": lambda: alone(0),
    "all but the seasonal ridge": lambda: alone(1),
    "all but the smoothing": lambda: alone(2),
    "all but the own year": lambda: alone(3),
    "seasonal ridge: flat run rate": lambda: without(
        "seasonal", features=("seasonal", "seasonal_aligned")
    ),
    "smoothing: flat run rate": lambda: without(
        "smoothing", features=("smoothing", "smoothing_deviation")
    ),
    "year ratios: flat run rate": lambda: without("own_year", "pooled_year"),
    "second year: one year": lambda: [patch.object(experts, "_TWO_YEARS_WEIGHT", 0.0)],
    "holidays: weekday alone": list,
    "learned weights: expected ones": lambda: [patch.object(stacking, "_LEARNED", 0.0)],
    "chance of no sale: none": lambda: [
        patch.object(stopping, "LEAST_ZERO_SHARE", 1.0)
    ],
    "filled closures: as they are": no_closures,
    "in proportion: by log-log growth": growing,
}


@contextmanager
def applied(variant: str) -> Iterator[None]:
    """Take one part out for as long as this is entered."""
    with ExitStack() as stack:
        for change in VARIANTS[variant]():
            stack.enter_context(change)  # type: ignore[arg-type]
        yield


def losses(
    job: tuple[Path, int, tuple[int, ...], str, int],
) -> list[tuple[float, float, float]]:
    """Return loss, 80 % coverage and calibration error of one panel, by horizon."""
    path, taken, horizons, step, variant, offset = job
    panel = read_panel(path).panel
    panel = panel.cut(taken) if taken else panel
    calendars = calendars_of(
        set(panel.country_codes.tolist()), panel.start_date, panel.end_date
    )
    if variant.startswith("holidays"):
        calendars = dict.fromkeys(calendars, ())
    ours, naive = Evaluation("ours"), Evaluation("naive")
    for back in range(ORIGINS):
        days = panel.days - horizons[-1] - offset - step * back
        known = panel.cut(days)
        case = case_at(panel, known, eligible_rows(known), horizons)
        with applied(variant):
            fitted = model.fit(known, calendars, HORIZONS_DAYS)
            found = model.predict(known.take(case.rows), fitted).quantiles
        quantiles = found[:, [HORIZONS_DAYS.index(days) for days in horizons]]
        ours.add(case, quantiles)
        naive.add(case, seasonal_naive(known.take(case.rows), np.array(horizons)))
    found = []
    for place in range(len(horizons)):
        pooled = results_at(
            ours.cases, ours.quantiles, naive.quantiles, horizons, place
        )
        scored = score(pooled)
        found.append(
            (
                scored.ratio_to_seasonal_naive,
                scored.coverage_80.inside,
                scored.calibration_error,
            )
        )
    return found


def main(folder: Path, offset: int) -> None:
    """Print one row a variant: the loss over the whole's, by panel and in all."""
    jobs = [
        (folder / f"{name}.parquet", taken, horizons, step, variant, offset)
        for variant in VARIANTS
        for name, taken, horizons, step in PANELS
    ]
    names = [f"{name} {taken} d" if taken else name for name, taken, *_ in PANELS]
    print("| without |", " | ".join(names), "| all | 80 % | error |")
    print("|---" * (len(PANELS) + 4) + "|")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        answers = pool.map(losses, jobs)
        whole: np.ndarray | None = None
        for variant in VARIANTS:
            found = np.array([next(answers) for _ in PANELS])
            whole = found if whole is None else whole
            ratio = np.log(found[:, :, 0] / whole[:, :, 0])
            by_panel = " | ".join(f"{value:.3f}" for value in np.exp(ratio.mean(1)))
            miss = np.abs(found[:, :, 1] - 0.8).mean()
            print(
                f"| {variant} | {by_panel} | {np.exp(ratio.mean()):.3f} |"
                f" {miss:.3f} | {found[:, :, 2].mean():.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
