"""What a backtest of policies leaves behind: JSON, and a plot beside it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jobs.backtest_policy_figures import Replayed, Row
from jobs.backtest_report import Writer, write_whole
from jobs.settings import code_version
from jobs.underwriting.policy_statistics import frontier, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECIMALS = 6
_SCALES = np.linspace(0.1, 2.0, 39)
_POLICY_INK = ("#0b6e4f", "#8a4f7d")
_OTHER_INK = ("#c2571a", "#d99a6c", "#b9a58e", "#3b5b92")

#: What no backtest of this kind can show.
CAVEATS = (
    (
        "Unfunded sellers cannot divert sales, and nobody here was funded by these"
        " policies: the losses are optimistic."
    ),
    (
        "Checks, restrictions, balances, refunds and open advances are not in a panel"
        " and count as passed; every offer counts as accepted."
    ),
    "The nightly correction of forecasts by matured cohorts is not replayed.",
)


def as_json(results: Sequence[Replayed]) -> dict[str, object]:
    """Return the whole report; what could not be measured is null."""
    return {
        "code_version": code_version(),
        "caveats": list(CAVEATS),
        "terms": [
            {
                "term_days": result.tier.target_term_days,
                "confidence_rate": result.tier.confidence_rate,
                "window_days": result.window_days,
                "origins": [str(origin) for origin in result.origins],
                "block_count": len(np.unique(result.block)),
                "known_count": result.known_count,
                "passed_count": len(result.cases.rows),
                "volume_minor": result.volume_minor,
                **{
                    name: [
                        {key: _plain(value) for key, value in row.items()}
                        for row in rows
                    ]
                    for name, rows in result.sections.items()
                },
            }
            for result in results
        ],
    }


def _rows(rows: Sequence[Row]) -> list[Row]:
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: str | float | None) -> str | int | float | None:
    if isinstance(value, float):
        return round(value, _DECIMALS) if math.isfinite(value) else None
    return value


def write_report(results: Sequence[Replayed], json_path: Path | None) -> None:
    """Write JSON and the plot beside it, both or none."""
    if json_path is None:
        return
    text = json.dumps(as_json(results), indent=2, allow_nan=False) + "\n"
    writers: list[Writer] = [
        (json_path, lambda path: _write_text(path, text)),
        (json_path.with_suffix(".png"), lambda path: _plot(results, path)),
    ]
    write_whole(writers)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _plot(results: Sequence[Replayed], path: Path) -> None:
    """Draw loss against volume, each policy's sizes times a constant."""
    # matplotlib takes a second to import, which other commands need not pay.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6.5 * len(results), 5), layout="constrained")
    panes = figure.subplots(1, len(results), squeeze=False)[0]
    for axes, result in zip(panes, results, strict=True):
        _draw(axes, result)
    figure.savefig(path, metadata={"Software": None}, format="png")


def _draw(axes: "Axes", result: Replayed) -> None:
    inks = (*_POLICY_INK[: len(result.policies)], *_OTHER_INK)
    total = float(result.ours.lending.advance.sum())
    for number, outcome in enumerate(result.everybody):
        volume, loss = frontier(outcome, result.cases.sold, _SCALES)
        style, ink = "-" if number < len(result.policies) else "--", inks[number]
        label = outcome.lending.name
        axes.plot(volume / total, 100 * loss, style, color=ink, label=label)
        own = outcome.lending.advance
        axes.plot(own.sum() / total, 100 * share(outcome.loss, own), "o", color=ink)
    axes.set(
        title=f"{result.tier.target_term_days} days, {len(result.origins)} origins",
        xlabel=f"volume, policy {result.ours.lending.name} = 1",
        ylabel=f"loss after {result.window_days} days, % of advances",
        xlim=(0, 2),
        ylim=(0, None),
    )
    axes.legend(frameon=False)
