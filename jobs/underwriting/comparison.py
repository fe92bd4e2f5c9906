"""Comparison: what is stored beside what the same inputs give again, value by value."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Difference:
    """One value that is not the same; a row on one side only has no column."""

    table: str
    key: tuple[str, ...]
    column: str | None
    stored: object
    replayed: object

    def __str__(self) -> str:
        """Return the difference as one line that a person reads."""
        place = f"{self.table} [{', '.join(self.key)}]"
        if self.column is None:
            side = "stored only" if self.replayed is None else "replayed only"
            return f"{place}: {side}"
        return (
            f"{place} {self.column}: stored {self.stored!r}, replayed {self.replayed!r}"
        )


def differences(
    table: str, key: list[str], stored: pd.DataFrame, replayed: pd.DataFrame
) -> list[Difference]:
    """Return every value of ``replayed`` that is not to the bit the stored one.

    Both frames have the columns of ``key``, in which a row appears once, and are
    compared in the columns of ``replayed``. Missing equals missing.
    """
    before, after = stored.set_index(key), replayed.set_index(key)
    sides = ((before, after, (True, None)), (after, before, (None, True)))
    found = [
        Difference(table, _texts(row), None, *values)
        for one, other, values in sides
        for row in one.index.difference(other.index)
    ]
    common = before.index.intersection(after.index)
    for column in after.columns:
        was = before[column].loc[common].to_numpy(dtype=object)
        now = after[column].loc[common].to_numpy(dtype=object)
        was_missing, is_missing = pd.isna(was), pd.isna(now)
        is_same = was_missing & is_missing
        both = ~was_missing & ~is_missing
        is_same[both] = was[both] == now[both]
        found += [
            Difference(
                table, _texts(common[int(place)]), str(column), was[place], now[place]
            )
            for place in np.flatnonzero(~is_same)
        ]
    return found


def _texts(key: object) -> tuple[str, ...]:
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(str(part) for part in parts)
