"""The policy file: it loads, and each fault is a sentence with file and key."""

import hashlib

import pytest
from pydantic import ValidationError

from jobs.forecasting.model import MODEL_VERSION
from jobs.underwriting.policy import PolicyError, parse_policy
from jobs.underwriting.policy_checks import cost_rate

from .builders import POLICY_FILE, POLICY_TEXT, health, policy

#: SHA-256 of every policy file; a new version is a new line here.
PINNED = {
    "2026-11.toml": "10037d0e75fd41ca77e9dfe8c53640ebedc43cffff87b28f5566017173d6a14f",
    "2026-12.toml": "6cca94d4f9dce1d48f25bbd9f58039e3092c379822d23224f85f18fc48420cd7",
    "2027-01.toml": "7343a86d8fd641e6314bcd6b74e39bbbd0bcbf90a8f35e2de2085c6c749db9c3",
}

FAULTS = [
    (
        'event = "kyb_expired" ',
        'event = "payout_hold" ',
        "gates.1.event: expected each event once, got 'payout_hold' again.",
    ),
    (
        'offers = "stay"  ',
        'offers = "end"  ',
        "gates.4.offers: expected 'stay', as the rule PAYOUT_FAILED has it, got 'end'.",
    ),
    (
        "fee_cap_rate = 0.16",
        "",
        "pricing.fee_cap_rate: this key is missing: expected it in the file.",
    ),
    (
        "life_days = 30",
        "life_days = 30\nlifetime_days = 30",
        (
            "offers.lifetime_days: unknown key: expected one of acceptance_checks,"
            " life_days, minimum_improvement_rate."
        ),
    ),
    (
        "margin_rate = 0.02",
        'margin_rate = "2 %"',
        "pricing.margin_rate: expected to be a valid number, got '2 %'.",
    ),
    (
        "margin_rate = 0.02",
        "margin_rate = 2.0",
        "pricing.margin_rate: expected to be less than or equal to 1, got 2.0.",
    ),
    (
        "minimum_growth_rate = -0.50",
        "minimum_growth_rate = nan",
        "eligibility.minimum_growth_rate: expected to be a finite number, got nan.",
    ),
    (
        "fee_cap_rate = 0.16",
        "fee_cap_rate = 0.07",
        (
            "pricing.fee_cap_rate: expected at least the cost of the longest tier"
            " (0.0800), got 0.07."
        ),
    ),
    (
        "fee_floor_rate = 0.04",
        "fee_floor_rate = 0.2",
        "pricing.fee_cap_rate: expected at least fee_floor_rate (0.2), got 0.16.",
    ),
    (
        "shortfall_load_extrapolated = 2.0",
        "shortfall_load_extrapolated = 1.0",
        (
            "pricing.shortfall_load_extrapolated: expected at least shortfall_load"
            " (1.5), got 1.0."
        ),
    ),
    (
        "holdback_rate = 0.10",
        "holdback_rate = 0.30",
        (
            "sizing.holdback_rate: expected at most holdback_hard_cap_rate (0.25),"
            " got 0.3."
        ),
    ),
    (
        "dense_last_sale_within_days = 7",
        "dense_last_sale_within_days = 15",
        (
            "eligibility.dense_last_sale_within_days: expected at most"
            " last_sale_within_days (14), got 15."
        ),
    ),
    (
        "dense_sale_days = 60",
        "dense_sale_days = 10",
        (
            "eligibility.dense_sale_days: expected more than minimum_sale_days (10),"
            " got 10."
        ),
    ),
    (
        "target_term_days = 180",
        "target_term_days = 90",
        "tiers.1.target_term_days: expected more than the tier before (90), got 90.",
    ),
    (
        "confidence_rate = 0.95           # Replayed",
        "confidence_rate = 0.96           # Replayed",
        (
            "tiers.1.confidence_rate: expected at least that of the tier before (0.96),"
            " got 0.95."
        ),
    ),
    (
        "minimum_history_days = 90  ",
        "minimum_history_days = 60  ",
        (
            "tiers.0.minimum_history_days: expected at least"
            " eligibility.minimum_history_days (90), got 60."
        ),
    ),
    (
        '[countries.BR]\ncurrencies = ["BRL"]',
        '[countries.BR]\ncurrencies = ["CLP"]',
        "countries.BR.currencies: expected a [currencies.CLP] table for CLP.",
    ),
    (
        'currencies = ["JPY"]',
        'currencies = ["USD"]',
        (
            "currencies.JPY: expected a [countries.XX] table with this currency: no"
            " country lends in it."
        ),
    ),
    (
        "minimum_advance_minor = 30_000  ",
        "minimum_advance_minor = 50_000_000  ",
        (
            "currencies.JPY.maximum_advance_minor: expected at least"
            " minimum_advance_minor (50000000), got 40000000."
        ),
    ),
    (
        "step_minor = 5_000                         # 5,000 yen",
        "step_minor = 50_000                        # 5,000 yen",
        (
            "currencies.JPY.step_minor: expected at most minimum_advance_minor (30000),"
            " got 50000."
        ),
    ),
    (
        '"MINIMUM_MISSED",',
        '"MISSED",',
        "offers.acceptance_checks.6: expected a reason code, got 'MISSED'.",
    ),
    (
        "nightly_budget_minor = 320_000_000 ",
        "# ",
        (
            "currencies.JPY.nightly_budget_minor: this key is missing: expected it"
            " beside [portfolio]."
        ),
    ),
    (
        "nightly_budget_minor = 320_000_000 ",
        "nightly_budget_minor = 20_000 ",
        (
            "currencies.JPY.nightly_budget_minor: expected at least"
            " minimum_advance_minor (30000), got 20000."
        ),
    ),
    (
        "[currencies.BRL]",
        "[currencies.XAU]",
        (
            "currencies.XAU: 'XAU' is a currency with no exponent: expected an ISO 4217"
            " code with minor units, such as EUR, USD or JPY."
        ),
    ),
    (
        "[countries.JP]",
        "[countries.Japan]",
        "countries.Japan.[key]: expected to match pattern '^[A-Z]{2}$', got 'Japan'.",
    ),
]


class TestThePolicyInForce:
    """The file itself."""

    def test_its_version_is_its_name(self) -> None:
        """A policy is found by its version."""
        assert policy().policy_version == POLICY_FILE.stem

    def test_is_the_newest(self) -> None:
        """Where nobody says which, the policy with the highest name is in force."""
        assert max(PINNED) == POLICY_FILE.name

    def test_has_amounts_for_five_currencies(self) -> None:
        """Four of the sample marketplace and the Brazilian real of Olist."""
        assert sorted(policy().currencies) == ["BRL", "EUR", "GBP", "JPY", "USD"]

    def test_brazil_asks_for_no_checks(self) -> None:
        """The only Brazilian source has none."""
        assert policy().countries["BR"].required_checks == ()

    def test_every_number_has_its_reason_beside_it(self) -> None:
        """Each number of judgment has a comment on its line or just above it."""
        lines = POLICY_TEXT.splitlines()
        numbers = [
            place
            for place, line in enumerate(lines)
            if " = " in line and line.split(" = ")[1][0] in "-0123456789"
        ]
        bare = [
            lines[place]
            for place in numbers
            if "#" not in lines[place] and not lines[place - 1].startswith("#")
        ]
        assert len(numbers) > 50
        assert bare == []

    def test_cannot_be_changed(self) -> None:
        """A policy in use is immutable."""
        with pytest.raises(ValidationError):
            policy().pricing.margin_rate = 0.0  # type: ignore[misc]

    def test_knows_each_rows_amount(self) -> None:
        """Amounts follow the currency of the row."""
        codes = health()["currency_code"]
        found = policy().currency_amounts(codes, "minimum_advance_minor")
        assert found.tolist() == [20_000, 30_000]

    def test_refuses_amounts_of_a_currency_it_does_not_know(self) -> None:
        """Nothing is guessed for francs."""
        codes = health({}, {"currency_code": "CHF"})["currency_code"]
        with pytest.raises(KeyError, match="no step_minor"):
            policy().currency_amounts(codes, "step_minor")

    def test_names_the_forecast_that_is_implemented(self) -> None:
        """The policy in force was tuned on the model that the forecast room fits."""
        assert policy().forecast.model_version == MODEL_VERSION

    def test_a_policy_that_has_been_used_is_never_edited(self) -> None:
        """Every policy file is, to the byte, what stored offers say they followed."""
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in POLICY_FILE.parent.glob("*.toml")
        }
        assert found == PINNED, (
            "A policy that has been used is never edited: take the change back, copy"
            " the file to a new version, change its policy_version and the numbers"
            " there, and pin the new file here."
        )


class TestFaults:
    """Every fault names the file, the key and what was expected."""

    @pytest.mark.parametrize(("old", "new", "sentence"), FAULTS)
    def test_says_what_was_expected(self, old: str, new: str, sentence: str) -> None:
        """One fault, one sentence (others may follow from it)."""
        with pytest.raises(PolicyError) as error:
            policy((old, new))
        assert f"{POLICY_FILE.name}: {sentence}" in str(error.value).splitlines()

    def test_says_where_the_text_is_no_toml(self) -> None:
        """A broken file names its line."""
        with pytest.raises(PolicyError, match=r"p\.toml: expected valid TOML.*line 1"):
            parse_policy("policy_version = \n", "p.toml")

    def test_lists_every_fault_at_once(self) -> None:
        """Two faults give two lines."""
        with pytest.raises(PolicyError) as error:
            policy(("life_days = 30", ""), ("margin_rate = 0.02", ""))
        assert len(str(error.value).splitlines()) == 2

    def test_unknown_key_of_a_tier_lists_the_keys_of_a_tier(self) -> None:
        """The expected keys are those of the table the key stands in."""
        with pytest.raises(PolicyError) as error:
            policy(("target_term_days = 270", "term = 3\ntarget_term_days = 270"))
        assert str(error.value) == (
            "2027-01.toml: tiers.2.term: unknown key: expected one of confidence_rate,"
            " minimum_history_days, needs_matured_horizon, target_term_days."
        )

    def test_cost_is_infinite_where_nothing_is_ever_worth_lending(self) -> None:
        """Money that costs more than it brings has no price."""
        rules = policy()
        pricing = rules.pricing.model_copy(update={"shortfall_floor_rate": 1.0})
        changed = rules.model_copy(update={"pricing": pricing})
        assert cost_rate(changed, rules.tiers[0]) == float("inf")
