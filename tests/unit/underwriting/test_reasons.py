"""The catalogue: a sentence for every reason, none for internal ones."""

import pytest

from jobs.underwriting.ladder import OUTCOMES
from jobs.underwriting.reasons import (
    BY_CODE,
    REASONS,
    SENTENCES,
    Reason,
    seller_sentence,
)
from jobs.underwriting.rules import RULES


class TestCatalogue:
    """Codes, units and sentences fit together."""

    def test_every_language_has_every_sentence(self) -> None:
        """No reason lacks a sentence in any language, and none has one too many."""
        expected = {(reason.code, reason.unit) for reason in REASONS}
        assert {
            language: set(texts) for language, texts in SENTENCES.items()
        } == dict.fromkeys(SENTENCES, expected)

    def test_every_code_comes_from_a_rule_or_the_ladder(self) -> None:
        """The catalogue holds what can be said, and all of it."""
        said = {rule.code for rule in RULES} | set(OUTCOMES) - {"offered"}
        assert {reason.code for reason in REASONS} == said

    def test_a_code_has_one_category(self) -> None:
        """Two units of a code differ in nothing else."""
        categories = {(reason.code, reason.category) for reason in REASONS}
        assert len(categories) == len(BY_CODE)

    def test_data_reasons_are_no_credit_reasons(self) -> None:
        """Data faults stay apart."""
        data = {reason.code for reason in REASONS if reason.category == "data"}
        assert data == {"DATA_STALE", "HISTORY_INCOMPLETE"}


class TestSentences:
    """What a seller reads."""

    @pytest.mark.parametrize(
        ("code", "measured", "currency_code", "sentence"),
        [
            (
                "SHORT_HISTORY",
                (56, 90, 34),
                "EUR",
                "You have sold for 56 days and we look for 90: 34 more days.",
            ),
            (
                "LOW_VOLUME",
                (20_054, 30_000, 9_946),
                "EUR",
                (
                    "Your sales come to €200.54 a month and we look for €300.00:"
                    " €99.46 more a month."
                ),
            ),
            (
                "LOW_VOLUME",
                (20_054, 45_000, 24_946),
                "JPY",
                (
                    "Your sales come to ¥20,054 a month and we look for ¥45,000:"
                    " ¥24,946 more a month."
                ),
            ),
            (
                "CHARGEBACK_RATE_HIGH",
                (0.02, 0.015, 0.005),
                "EUR",
                "Chargebacks are 2% of your sales of the last 91 days; we accept 1.5%.",
            ),
        ],
    )
    def test_speaks_in_the_sellers_units(
        self,
        code: str,
        measured: tuple[float, float, float],
        currency_code: str,
        sentence: str,
    ) -> None:
        """Days, money and shares as a person writes them."""
        assert seller_sentence(BY_CODE[code], measured, currency_code) == sentence

    @pytest.mark.parametrize(
        "reason", [each for each in REASONS if not each.is_internal]
    )
    def test_leaves_no_placeholder_behind(self, reason: Reason) -> None:
        """Every sentence can be filled in, and ends as a sentence."""
        found = seller_sentence(reason, (1, 2, 1), "EUR")
        assert "{" not in found
        assert found.endswith(".")

    def test_never_tells_a_seller_an_internal_reason(self) -> None:
        """A sanctions match is for staff only."""
        internal = [reason for reason in REASONS if reason.is_internal]
        assert [reason.code for reason in internal] == ["SANCTIONS_UNRESOLVED"]
        with pytest.raises(ValueError, match="SANCTIONS_UNRESOLVED is internal"):
            seller_sentence(internal[0], (0, 1, 1), "EUR")
