"""A panel file is read into a dense panel, or refused with what is wrong and where."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.panel_file import read_panel
from jobs.sources.protocol import DataError

Columns = dict[str, Any]


def two_sellers() -> Columns:
    """Return a yen seller of three days with a gap, and a younger euro seller."""
    return {
        "series_id": ["b", "b", "a", "b"],
        "date": [date(2026, 1, day) for day in (1, 3, 4, 4)],
        "value": [100.0, 300.0, 7.5, -20.0],
        "currency_code": ["JPY", "JPY", "EUR", "JPY"],
        "country_code": ["JP", "JP", None, "JP"],
    }


def write(tmp_path: Path, columns: Columns) -> Path:
    """Write the columns as a Parquet file."""
    path = tmp_path / "panel.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def refusal(tmp_path: Path, columns: Columns) -> str:
    """Return the text of the error, which begins with the file."""
    path = write(tmp_path, columns)
    with pytest.raises(DataError) as caught:
        read_panel(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def test_a_file_becomes_a_dense_panel(tmp_path: Path) -> None:
    """Series are in order of id, absent days hold 0, a negative day counts as 0."""
    found = read_panel(write(tmp_path, two_sellers()))

    assert found.panel.seller_ids.tolist() == ["a", "b"]
    assert found.panel.currency_codes.tolist() == ["EUR", "JPY"]
    assert found.panel.country_codes.tolist() == ["", "JP"]
    assert found.panel.start_date == date(2026, 1, 1)
    assert found.panel.end_date == date(2026, 1, 4)
    assert found.panel.sales.tolist() == [[0, 0, 0, 7.5], [100, 0, 300, 0]]
    assert found.panel.birth_index.tolist() == [3, 0]
    assert found.panel.is_open.all()
    assert found.negative_count == 1


def test_absent_days_can_be_closed(tmp_path: Path) -> None:
    """With closed, only a day with a row is open, a negative one included."""
    found = read_panel(write(tmp_path, two_sellers()), is_absent_closed=True)

    assert (found.panel.is_open.tolist()) == [
        [False, False, False, True],
        [True, False, True, True],
    ]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """The same rows backwards are the same panel."""
    forwards = read_panel(write(tmp_path, two_sellers()))
    backwards = {name: column[::-1] for name, column in two_sellers().items()}
    found = read_panel(write(tmp_path, backwards))

    assert forwards.panel.sales.tolist() == found.panel.sales.tolist()
    assert forwards.series_ids == found.series_ids


@pytest.mark.parametrize(
    ("series_id", "day", "value"),
    [
        (pa.array([10, 9]), pa.array([date(2026, 1, 1)] * 2), pa.array([1, 2])),
        (
            pa.array(["10", "9"]).dictionary_encode(),
            pa.array([datetime(2026, 1, 1)] * 2),  # noqa: DTZ001 - a file may lack zones
            pa.array([Decimal("1.00"), Decimal("2.00")]),
        ),
        (
            pa.array(["10", "9"], pa.large_string()),
            pa.array([date(2026, 1, 1)] * 2, pa.date64()),
            pa.array([1, 2], pa.float32()),
        ),
    ],
    ids=["integers", "categories-timestamps-decimals", "large"],
)
def test_ids_dates_and_values_come_in_many_types(
    tmp_path: Path, series_id: pa.Array, day: pa.Array, value: pa.Array
) -> None:
    """Ids stay what they were; numbers in order of number, texts in order of text."""
    columns = {"series_id": series_id, "date": day, "value": value}
    found = read_panel(write(tmp_path, columns))
    is_number = pa.types.is_integer(series_id.type)

    assert ([9, 10] if is_number else ["10", "9"]) == found.series_ids.to_pylist()
    assert ([2.0, 1.0] if is_number else [1.0, 2.0]) == (
        found.panel.sales[:, 0].tolist()
    )
    assert found.panel.currency_codes.tolist() == ["XXX", "XXX"]


def test_a_panel_of_one_seller_and_one_day_is_a_panel(tmp_path: Path) -> None:
    """The smallest file there is has one row."""
    columns = {"series_id": ["a"], "date": [date(2026, 1, 1)], "value": [0]}

    assert read_panel(write(tmp_path, columns)).panel.sales.tolist() == [[0.0]]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The message says what is missing and what is there."""
    columns = two_sellers()
    del columns["date"], columns["value"]

    assert refusal(tmp_path, columns) == (
        "no column date, value; expected series_id, date, value, found series_id,"
        " currency_code, country_code"
    )


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("series_id", [1.0, 2.0, 3.0, 4.0], "double; expected integer or text"),
        ("date", ["2026-01-01"] * 4, "string; expected date or timestamp"),
        ("value", ["1"] * 4, "string; expected integer, float or decimal"),
        ("value", [True] * 4, "bool; expected integer, float or decimal"),
        ("currency_code", [1] * 4, "int64; expected text"),
    ],
)
def test_a_wrong_type_is_named(
    tmp_path: Path, name: str, column: list[object], expected: str
) -> None:
    """The message has the column, its type and the types that would do."""
    text = refusal(tmp_path, two_sellers() | {name: column})

    assert text == f"column {name} is {expected}"


@pytest.mark.parametrize("name", ["series_id", "date", "value", "currency_code"])
def test_a_null_is_shown_with_its_row(tmp_path: Path, name: str) -> None:
    """Rows are counted from 1."""
    columns = two_sellers()
    columns[name][1] = None

    assert refusal(tmp_path, columns) == (
        f"row 2, column {name}: None; expected a value in every row (1 such rows)"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_a_value_that_is_no_finite_number_is_shown(
    tmp_path: Path, value: float
) -> None:
    """NaN, infinity and what float32 cannot hold are refused, with their count."""
    columns = two_sellers() | {"value": [1.0, 2.0, value, value]}

    assert refusal(tmp_path, columns) == (
        f"row 3, column value: {value}; expected a finite number below 3.4e38"
        " (2 such rows)"
    )


def test_a_second_row_of_a_day_is_shown(tmp_path: Path) -> None:
    """The later of the two rows is named with its series and date."""
    columns = two_sellers()
    columns["date"][3] = columns["date"][1]

    assert refusal(tmp_path, columns) == (
        "row 4: series b has a second row on 2026-01-03; expected one a day"
    )


def test_two_currencies_of_one_series_are_shown(tmp_path: Path) -> None:
    """A series is in one currency, and the first row that differs is named."""
    columns = two_sellers()
    columns["currency_code"][3] = "EUR"

    assert refusal(tmp_path, columns) == (
        "row 4, column currency_code: series b has 'EUR' after 'JPY'; expected one"
        " currency_code a series"
    )


def test_a_time_of_day_is_refused(tmp_path: Path) -> None:
    """A timestamp is a day only at midnight; nothing is cut off silently."""
    columns = two_sellers()
    columns["date"] = [datetime(2026, 1, day, 13) for day in (1, 3, 4, 4)]  # noqa: DTZ001

    assert refusal(tmp_path, columns) == (
        "row 1, column date: 2026-01-01 13:00:00; expected a whole day, at midnight"
        " (4 such rows)"
    )


def test_a_date_in_a_far_future_is_refused(tmp_path: Path) -> None:
    """A mistyped year would make a panel of millions of days."""
    columns = two_sellers()
    columns["date"][3] = date(9999, 1, 4)

    assert refusal(tmp_path, columns) == (
        "dates run from 2026-01-01 to 9999-01-04; expected at most 36,525 days"
    )


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    """A panel holds at least one series."""
    schema = pa.schema(
        {"series_id": pa.string(), "date": pa.date32(), "value": pa.int64()}
    )
    path = tmp_path / "panel.parquet"
    pq.write_table(schema.empty_table(), path)

    with pytest.raises(DataError, match="no rows; expected at least one series"):
        read_panel(path)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    """Text under the name of a Parquet file is no traceback."""
    path = tmp_path / "panel.parquet"
    path.write_text("series_id,date,value\n", encoding="utf-8")

    with pytest.raises(DataError, match="not a readable Parquet file"):
        read_panel(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The address is in the message."""
    with pytest.raises(DataError, match=r"nothing\.parquet: no such file"):
        read_panel(tmp_path / "nothing.parquet")
