"""The book of a night, kept in the warehouse."""

from dataclasses import replace
from datetime import timedelta

from nights import change, rows_of, value_of

from jobs.book import book
from jobs.night import Night

_PAGE = (
    "select * exclude (code_version) from underwriting.advance_days"
    " where as_of_date = date '{}' order by advance_id"
)


def one_night_before(night: Night) -> str:
    """Make the booked night the one before; return its date."""
    before = night.as_of_date - timedelta(days=1)
    change(
        night,
        *(
            f"update underwriting.{table} set as_of_date = date '{before}'"
            for table in ("advance_days", "journal_entries")
        ),
    )
    return str(before)


def test_a_night_booked_again_is_the_same(night: Night) -> None:
    """Every disbursed advance has a row, and a second run replaces it by itself."""
    first = rows_of(night, _PAGE.format(night.as_of_date))
    booked = book(night)

    assert rows_of(night, _PAGE.format(night.as_of_date)) == first
    assert booked
    assert booked.advance_count == len(first) > 20
    assert value_of(
        night,
        "select count(*) from cash_flow.fct_advances where disbursed_at is not null",
    ) == len(first)
    assert (
        value_of(night, "select count(*) from underwriting.journal_entries")
        == booked.line_count
    )


def test_a_late_repayment_is_tonights(night: Night) -> None:
    """The next night continues the book; what came in late moves it, closed or not."""
    before = one_night_before(night)
    page = rows_of(night, _PAGE.format(before))
    (late,) = rows_of(
        night,
        "select advance_id, currency_code from cash_flow.fct_advances"
        " where status = 'written_off' order by advance_id limit 1",
    )
    of_late = f"advance_id = '{late['advance_id']}'"
    change(
        night,
        "insert into raw.advance_repayments by name select * replace"
        f" (date '{night.as_of_date}' as ingest_date) from raw.advance_repayments"
        f" where {of_late} limit 1",
        "update cash_flow.fct_advances set repaid_minor = repaid_minor + 5,"
        f" balance_minor = balance_minor - 5 where {of_late}",
    )
    book(night)
    tonight = rows_of(night, _PAGE.format(night.as_of_date))
    (row,) = [each for each in tonight if each["advance_id"] == late["advance_id"]]
    closing = {each["advance_id"]: each for each in page}

    assert rows_of(night, _PAGE.format(before)) == page
    assert len(tonight) < len(page)
    for each in tonight:
        last = closing[each["advance_id"]]
        assert each["before_date"] == last["as_of_date"]
        assert each["opening_carrying_minor"] == last["carrying_minor"]
        assert each["opening_allowance_minor"] == last["allowance_minor"]
    assert (row["repaid_change_minor"], row["written_off_change_minor"]) == (5, -5)


def test_a_night_that_a_later_one_continues_stays_as_it_is(night: Night) -> None:
    """Booking it again would change what the later one opened with."""
    after = night.as_of_date + timedelta(days=1)
    change(
        night,
        "insert into underwriting.advance_days by name select * replace"
        f" (date '{after}' as as_of_date) from underwriting.advance_days limit 1",
    )
    before = rows_of(night, _PAGE.format(night.as_of_date))

    assert book(night) is None
    assert rows_of(night, _PAGE.format(night.as_of_date)) == before


def test_a_policy_without_stages_books_nothing(night: Night) -> None:
    """Older policies have no [staging], and their nights run as they did."""
    lines: list[str] = []
    policy = night.policy.model_copy(update={"staging": None})

    assert book(replace(night, policy=policy, say=lines.append)) is None
    assert lines == ["not booked: policy 2027-01 has no [staging]"]
