"""Money: exponents, exact conversions, roundings that go where their name says."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.money import (
    CurrencyError,
    currency_exponent,
    format_minor,
    round_down,
    round_down_to_step,
    round_half_up,
    round_up,
    to_decimal,
)

AMOUNTS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
WHOLE = st.integers(min_value=-(10**12), max_value=10**12)


class TestCurrencies:
    """Exponents come from a currency library, and unknown codes are refused."""

    @pytest.mark.parametrize(
        ("code", "decimals"),
        [("EUR", 2), ("USD", 2), ("GBP", 2), ("BRL", 2), ("JPY", 0), ("KWD", 3)],
    )
    def test_knows_the_decimals_of_a_currency(self, code: str, decimals: int) -> None:
        """Euros have cents, yen have none, dinars have thousandths."""
        assert currency_exponent(code) == decimals

    @pytest.mark.parametrize("code", ["QQQ", "XXX", "XAU", "eur", ""])
    def test_refuses_a_currency_with_no_exponent(self, code: str) -> None:
        """Unknown codes, metals and lower case are refused with what to write."""
        with pytest.raises(CurrencyError) as error:
            currency_exponent(code)
        assert str(error.value) == (
            f"{code!r} is a currency with no exponent: expected an ISO 4217 code with"
            " minor units, such as EUR, USD or JPY."
        )

    @given(WHOLE, st.sampled_from(["EUR", "JPY", "KWD"]))
    def test_major_units_are_exact(self, amount: int, code: str) -> None:
        """No amount changes on the way to major units."""
        scale = 10 ** currency_exponent(code)
        assert Fraction(to_decimal(amount, code)) == Fraction(amount, scale)

    @pytest.mark.parametrize(
        ("amount", "code", "locale", "text"),
        [
            (123_450, "EUR", "en", "€1,234.50"),
            (123_450, "JPY", "en", "¥123,450"),
            (123_450, "EUR", "fr", "1\u202f234,50\xa0€"),
        ],
    )
    def test_shows_an_amount_as_its_reader_writes_it(
        self, amount: int, code: str, locale: str, text: str
    ) -> None:
        """Decimals follow the currency, separators the locale."""
        assert format_minor(amount, code, locale) == text


class TestRoundings:
    """Each rounding against exact arithmetic."""

    @given(AMOUNTS)
    def test_goes_down_up_or_to_the_nearest(self, amount: float) -> None:
        """Down is never above, up never below, half up never further than a half."""
        exact = Fraction(amount)
        down, up = int(round_down([amount])[0]), int(round_up([amount])[0])
        nearest = int(round_half_up([amount])[0])
        assert down <= exact < down + 1
        assert up - 1 < exact <= up
        assert Fraction(-1, 2) < nearest - exact <= Fraction(1, 2)

    def test_half_goes_up_also_below_zero(self) -> None:
        """A half goes towards plus infinity; just below a half does not."""
        found = round_half_up([0.5, 1.5, -0.5, -1.5, 0.49999999999999994])
        assert found.tolist() == [1, 2, 0, -1, 0]

    def test_up_forgives_numerical_dust_only(self) -> None:
        """4 % of 5,000 stays 200 although its float is a little more."""
        dusty = 200.00000000000003
        assert round_up([dusty, 200.1], forgiving=1e-6).tolist() == [200, 201]
        assert round_up([dusty]).tolist() == [201]

    @given(WHOLE, st.integers(min_value=1, max_value=10**6))
    def test_friendly_amounts_are_multiples_not_above(
        self, amount: int, step: int
    ) -> None:
        """Rounding down to a step loses less than the step and never adds."""
        found = int(round_down_to_step(np.array([amount]), step)[0])
        assert found % step == 0
        assert 0 <= amount - found < step

    def test_steps_may_differ_by_row(self) -> None:
        """Euros round to 50.00 and yen to 5,000, in one call."""
        found = round_down_to_step(
            np.array([1_234_567, 1_234_567]),
            np.array([5_000, 1_000]),
        )
        assert found.tolist() == [1_230_000, 1_234_000]

    def test_a_step_must_be_positive(self) -> None:
        """A step of nothing is a fault of the caller."""
        with pytest.raises(ValueError, match="must be positive"):
            round_down_to_step(np.array([1, 2]), np.array([1, 0]))

    @pytest.mark.parametrize("amount", [np.nan, np.inf, 1e17])
    def test_refuses_what_is_no_amount(self, amount: float) -> None:
        """What a float cannot hold exactly is no money."""
        with pytest.raises(ValueError, match="finite and below"):
            round_down([1.0, amount])

    def test_published_minimum_of_an_eighteenth(self) -> None:
        """1/18 of 11,400.00 is 633.33."""
        assert round_half_up([1_140_000 / 18]).tolist() == [63_333]
