"""CSV files that people open in a spreadsheet."""

from pathlib import Path

import pandas as pd
import pytest

from jobs.csv_file import inert, inert_texts, write_csv

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_a_formula(start: str) -> None:
    """What a spreadsheet would run begins with a quote; the rest is as it was."""
    assert inert(f"{start}1") == f"'{start}1"
    assert inert(f"s{start}1") == f"s{start}1"


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    """Only texts are quoted: negative amounts and exact decimals can be added up."""
    path = tmp_path / "new" / "lines.csv"
    lines = pd.DataFrame(
        {
            "seller_id": ["=cmd|' /C calc'!A0", "s2"],
            "debit": ["-1.50", "900"],
            "debit_minor": [-150, 900],
            "currency_code": ["EUR", "JPY"],
        }
    )

    write_csv(inert_texts(lines, numbers=("debit",)), path)

    assert path.read_text("utf-8").splitlines() == [
        "seller_id,debit,debit_minor,currency_code",
        "'=cmd|' /C calc'!A0,-1.50,-150,EUR",
        "s2,900,900,JPY",
    ]
    assert list(path.parent.iterdir()) == [path]


def test_every_csv_goes_through_the_one_writer() -> None:
    """No other module writes CSV for people; two make bytes to hash."""
    writers = {
        path.name
        for path in (ROOT / "jobs").rglob("*.py")
        if ".to_csv(" in path.read_text("utf-8")
    }

    assert writers == {"csv_file.py", "journal.py", "nightly.py"}
