"""CSV files that people open: text from data is inert in a spreadsheet."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

#: With these a spreadsheet takes a text for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: quoted where it would."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def inert_texts(frame: pd.DataFrame, numbers: Collection[str] = ()) -> pd.DataFrame:
    """Return the frame with every text inert.

    ``numbers`` are columns of text that hold exact numbers: those stay numbers, the
    negative ones too, as columns of a number's type do.
    """
    texts = [
        name
        for name in frame.columns
        if name not in numbers and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    told = {
        name: frame[name].map(
            lambda value: inert(value) if isinstance(value, str) else value
        )
        for name in texts
    }
    return frame.assign(**told)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame, all of it or nothing; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.partial")
    frame.to_csv(written, index=False, lineterminator="\n")
    written.replace(path)
