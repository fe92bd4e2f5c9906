"""The catalogue of reasons: its codes, units and categories."""

from jobs.underwriting.guarded_offers import UNUSUAL_SALES
from jobs.underwriting.ladder import OUTCOMES
from jobs.underwriting.reasons import BY_CODE, REASONS
from jobs.underwriting.rules import RULES


class TestCatalogue:
    """Codes, units and categories fit together."""

    def test_a_code_and_unit_appear_once(self) -> None:
        """A reason is found by its code and unit."""
        assert len({(reason.code, reason.unit) for reason in REASONS}) == len(REASONS)

    def test_every_code_comes_from_a_rule_the_ladder_or_the_guard(self) -> None:
        """The catalogue holds what can be said, and all of it."""
        said = {rule.code for rule in RULES} | set(OUTCOMES) - {"offered"}
        said |= {UNUSUAL_SALES}
        assert {reason.code for reason in REASONS} == said

    def test_a_code_has_one_category(self) -> None:
        """Two units of a code differ in nothing else."""
        categories = {(reason.code, reason.category) for reason in REASONS}
        assert len(categories) == len(BY_CODE)

    def test_data_reasons_are_no_credit_reasons(self) -> None:
        """Data faults stay apart."""
        data = {reason.code for reason in REASONS if reason.category == "data"}
        assert data == {"DATA_STALE", "HISTORY_INCOMPLETE"}

    def test_review_and_budget_are_no_credit_reasons(self) -> None:
        """A look by a person and an empty budget are kept apart as well."""
        categories = {reason.code: reason.category for reason in REASONS}
        assert categories["UNUSUAL_SALES"] == "review"
        assert categories["BUDGET_EXHAUSTED"] == "budget"

    def test_only_sanctions_are_internal(self) -> None:
        """A sanctions match is for staff; a seller may be told all else."""
        internal = [reason.code for reason in REASONS if reason.is_internal]
        assert internal == ["SANCTIONS_UNRESOLVED"]
