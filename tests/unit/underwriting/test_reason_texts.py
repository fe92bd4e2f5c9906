"""What a seller is told: every reason, in every language, and nothing internal."""

import datetime as dt
import re

import pytest

from jobs.underwriting.findings import Finding, failed
from jobs.underwriting.guarded_offers import GUARD_CAP
from jobs.underwriting.letter import (
    CAPS,
    CLOSING,
    DECLINED,
    FOR_TERM,
    HOLDS,
    NO_OTHER,
    NOT_ASSESSED,
    OFFER,
    OFFERED,
    OTHER_CAP,
    TITLE,
)
from jobs.underwriting.reason_texts import LOCALES, NEUTRAL, REASON_TEXTS, Locale
from jobs.underwriting.reasons import REASONS
from jobs.underwriting.sizing import CAPS as SIZING_CAPS
from jobs.underwriting.wording import (
    InternalReasonError,
    date,
    days,
    distance_text,
    percent,
    seller_text,
    seller_texts,
)

NIGHT = dt.date(2026, 10, 31)
TOLD = [reason for reason in REASONS if not reason.is_internal]
INTERNAL = [reason for reason in REASONS if reason.is_internal]
PHRASES = [TITLE, OFFERED, OFFER, OTHER_CAP, DECLINED, NOT_ASSESSED, FOR_TERM, CLOSING]
PHRASES += [HOLDS, NO_OTHER, *CAPS.values(), NEUTRAL, *REASON_TEXTS.values()]


def missed(code: str, unit: str, value: float = 56.0) -> Finding:
    """Return a failed rule that asks for 90 and misses it by 34."""
    return failed(code, value, 90.0, abs(90 - value), unit)  # type: ignore[arg-type]


class TestCatalogue:
    """One text a reason and language, and none for what is internal."""

    def test_every_reason_has_its_texts_and_internal_ones_have_none(self) -> None:
        """The catalogue holds exactly the reasons that a seller may read."""
        assert INTERNAL
        assert {(each.code, each.unit) for each in TOLD} == set(REASON_TEXTS)

    def test_every_text_is_in_every_language_with_the_same_placeholders(self) -> None:
        """No language lacks a text, repeats another's, or leaves a number out."""
        for phrase in PHRASES:
            assert set(LOCALES) == set(phrase)
            assert all(text.strip() for text in phrase.values())
            names = {frozenset(re.findall(r"{\w+}", text)) for text in phrase.values()}
            assert len(names) == 1, phrase["en"]
            assert len(set(phrase.values())) == 4, phrase["en"]

    def test_every_cap_has_a_text(self) -> None:
        """Neither sizing nor the guard has a cap that the letter cannot explain."""
        assert {*SIZING_CAPS, GUARD_CAP} == set(CAPS)

    @pytest.mark.parametrize("currency", ["EUR", "JPY"])
    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_placeholder_is_filled(self, locale: Locale, currency: str) -> None:
        """Each text comes out whole, and is not the neutral one."""
        for reason in TOLD:
            finding = missed(reason.code, reason.unit)
            text = seller_text(finding, currency, NIGHT, locale)
            assert "{" not in text
            assert text != NEUTRAL[locale]

    @pytest.mark.parametrize("locale", LOCALES)
    def test_internal_reasons_never_reach_a_seller(self, locale: Locale) -> None:
        """One text refuses them; many leave them out, or say the neutral sentence."""
        inner = missed(INTERNAL[0].code, INTERNAL[0].unit)
        outer = missed("SHORT_HISTORY", "days")

        with pytest.raises(InternalReasonError, match="never told to a seller"):
            seller_text(inner, "EUR", NIGHT, locale)
        assert [NEUTRAL[locale]] == seller_texts([inner], "EUR", NIGHT, locale)
        alone = seller_texts([outer], "EUR", NIGHT, locale)
        assert alone == seller_texts([inner, outer], "EUR", NIGHT, locale)

    def test_a_text_with_a_hole_is_not_sent(self) -> None:
        """A missing number gives the neutral sentence, not a gap."""
        assert NEUTRAL["fr"] == seller_text(failed("LOW_VOLUME"), "EUR", NIGHT, "fr")


class TestWords:
    """Days, dates, shares and distances as people write them."""

    @pytest.mark.parametrize(
        ("locale", "one", "many", "night", "share"),
        [
            ("en", "1 day", "34 days", "October 31, 2026", "1.53%"),
            ("fr", "1 jour", "34 jours", "31 octobre 2026", "1,53 %"),
            ("es", "1 día", "34 días", "31 de octubre de 2026", "1,53 %"),
            ("ja", "1 日", "34 日", "2026年10月31日", "1.53%"),
        ],
    )
    def test_each_language_has_its_own(
        self, locale: Locale, one: str, many: str, night: str, share: str
    ) -> None:
        """Nouns follow the number; separators and order follow the language."""
        shown = [days(1, locale), days(34, locale), date(NIGHT, locale)]
        shown.append(percent(0.0153, locale))
        assert [one, many, night, share] == [
            text.replace("\N{NO-BREAK SPACE}", " ") for text in shown
        ]

    @pytest.mark.parametrize(
        ("finding", "expected"),
        [
            (missed("SHORT_HISTORY", "days"), "34 more days"),
            (missed("COOLING_OFF", "days", 89), "1 more day"),
            (missed("INACTIVE", "days", 104), "14 days too many"),
            (failed("LOW_VOLUME", 8_000, 50_000), "+420.00 EUR a month"),
            (failed("NEGATIVE_BALANCE", -150, 0), "+1.50 EUR"),
            (missed("KYB_INCOMPLETE", "count", 89), "1 more"),
            (failed("VOLATILE_SALES", 2.10001, 2.0), "10.01 points over"),
            (failed("DECLINING_SALES", -0.625, -0.5), "+12.5 points"),
            (failed("CHARGEBACK_RATE_HIGH", 0.016, 0.015), "0.1 points over"),
            (failed("REFUND_RATE_HIGH", 0.36, 0.35), "1 point over"),
            (failed("ACCOUNT_NOT_ACTIVE", 0, 1), "not met"),
        ],
    )
    def test_distances_are_in_the_sellers_units(
        self, finding: Finding, expected: str
    ) -> None:
        """Staff reads what is missing, never less than is."""
        assert expected == distance_text(finding, "EUR")

    def test_yen_have_no_decimals(self) -> None:
        """A distance in yen is whole."""
        finding = failed("LOW_VOLUME", 8_000, 50_000)
        assert distance_text(finding, "JPY") == "+42,000 JPY a month"

    def test_what_fails_never_reads_as_met(self) -> None:
        """A rate just over its threshold is shown above it."""
        finding = failed("REFUND_RATE_HIGH", 0.350001, 0.35)
        text = seller_text(finding, "EUR", NIGHT, "en")
        assert "35.01% of your sales" in text
        assert "at most 35%" in text

    def test_a_date_says_when(self) -> None:
        """Cooling off ends on a day, in the words of the language."""
        finding = failed("COOLING_OFF", 1, 7)
        assert "le 6 novembre 2026." in seller_text(finding, "EUR", NIGHT, "fr")
