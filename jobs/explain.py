"""Explain: read what a night stored of one seller, and say why it decided so."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import numpy as np

from jobs.night import Night, read_policy
from jobs.sources.protocol import DataError
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.explanation import Account, as_plain, explain_account
from jobs.underwriting.guard import GUARD_DAYS
from jobs.underwriting.letter import letter
from jobs.underwriting.policy import Policy
from jobs.underwriting.reason_texts import LOCALES, Locale
from jobs.underwriting.stored import Row, Stored
from jobs.used_policies import recorded_policy
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import QUANTILE_COLUMNS

_NIGHTS_SHOWN = 10


@dataclass(frozen=True)
class Versions:
    """What decided, by name."""

    policy_version: str
    model_version: str
    code_version: str
    data_as_of: str


@dataclass(frozen=True)
class Explained:
    """A seller's accounts, one a currency, and what decided on them.

    ``grids`` holds the forecast of each account, None where there was none.
    """

    seller_id: str
    versions: Versions
    accounts: tuple[Account, ...]
    grids: tuple[QuantileGrid | None, ...]

    def as_plain(self) -> dict[str, Any]:
        """Return everything as plain values, with the letter in every language."""
        accounts = [
            as_plain(account)
            | {"letter": {locale: letter(account, locale) for locale in LOCALES}}
            for account in self.accounts
        ]
        return {
            "seller_id": self.seller_id,
            "as_of_date": self.accounts[0].as_of_date,
            **asdict(self.versions),
            "accounts": accounts,
        }

    def letters(self, locale: Locale) -> list[list[str]]:
        """Return the paragraphs of the seller's letter, one letter a currency."""
        return [letter(account, locale) for account in self.accounts]


def explain(night: Night, seller_id: str, currency_code: str | None) -> Explained:
    """Explain every currency of a seller, or one, under the policy that decided.

    Raises:
        DataError: the night stored nothing of the seller; says which nights there are.

    """
    with night.warehouse() as warehouse:
        return Explainer(night, warehouse, [seller_id]).explain(
            seller_id, currency_code
        )


class Explainer:
    """Explains sellers of a night; each table is read once for all of them."""

    def __init__(
        self, night: Night, warehouse: Warehouse, seller_ids: Sequence[str]
    ) -> None:
        """Say which sellers may be asked for."""
        self._night, self._warehouse = night, warehouse
        self._sellers = {f"seller_{i}": each for i, each in enumerate(seller_ids)}
        self._tables: dict[tuple[str, date], list[Row]] = {}
        self._policies: dict[str, Policy] = {}

    def explain(self, seller_id: str, currency_code: str | None = None) -> Explained:
        """Explain every currency of a seller, or one; see ``explain``."""
        night = self._night
        decisions = self._decisions(seller_id, currency_code)
        first = decisions[0]
        policy = self._policy_of(first["policy_version"])
        stored = [self._stored(decision) for decision in decisions]
        try:
            accounts = [
                explain_account(each, policy, night.as_of_date) for each in stored
            ]
        except ValueError as error:
            message = f"seller {seller_id!r} on {night.as_of_date}: {error}"
            raise DataError(message) from error
        return Explained(
            seller_id,
            Versions(
                first["policy_version"],
                first["model_version"],
                first["code_version"],
                first["data_as_of"].isoformat(sep=" ", timespec="seconds"),
            ),
            tuple(accounts),
            tuple(each.grid for each in stored),
        )

    def _decisions(self, seller_id: str, currency_code: str | None) -> list[Row]:
        """Return a seller's decisions under one policy: in force, else the newest."""
        night = self._night
        if not self._warehouse.exists("underwriting", "eligibility_decisions"):
            message = "no night is stored"
            advice = "run `advances nightly` first"
            raise DataError(message, advice)
        found = [
            row
            for row in self._rows("eligibility_decisions", night.as_of_date)
            if row["seller_id"] == seller_id
        ]
        found.sort(key=itemgetter("policy_version", "currency_code"))
        asked = night.settings.policy_version
        if asked:
            found = [row for row in found if row["policy_version"] == asked]
        if not found:
            raise _nothing_stored(night, self._warehouse, seller_id)
        versions = [row["policy_version"] for row in found]
        in_force = night.policy.policy_version
        version = in_force if in_force in versions else versions[-1]
        decided = [row for row in found if row["policy_version"] == version]
        return _of_currency(decided, currency_code)

    def _policy_of(self, version: str) -> Policy:
        """Return the policy as it was recorded; the file where no record was kept."""
        if version not in self._policies:
            night = self._night
            recorded = recorded_policy(version, self._warehouse)
            is_in_force = version == night.policy.policy_version
            self._policies[version] = recorded or (
                night.policy
                if is_in_force
                else read_policy(replace(night.settings, policy_version=version))
            )
        return self._policies[version]

    def _rows(self, table: str, as_of_date: date) -> list[Row]:
        """Return what a table keeps of the sellers and a night."""
        key = (table, as_of_date)
        if key not in self._tables:
            is_there = self._warehouse.exists("underwriting", table)
            names = ", ".join(f"${name}" for name in self._sellers)
            self._tables[key] = (
                self._warehouse.query(
                    f"select * from underwriting.{table}"
                    f" where as_of_date = $as_of_date and seller_id in ({names})",
                    as_of_date=as_of_date,
                    **self._sellers,
                ).to_pylist()
                if is_there
                else []
            )
        return self._tables[key]

    def _stored(self, decision: Row) -> Stored:
        """Return what the other tables keep of one decision."""
        tonight = self._night.as_of_date

        def rows(
            table: str,
            *order: str,
            version: str = "policy_version",
            as_of_date: date = tonight,
        ) -> list[Row]:
            names = (version, "seller_id", "currency_code")
            found = [
                row
                for row in self._rows(table, as_of_date)
                if all(row[name] == decision[name] for name in names)
            ]
            return sorted(found, key=itemgetter(*order))

        past = tonight - timedelta(days=GUARD_DAYS)
        grid, past_grid = (
            _grid(
                rows(
                    "forecast_quantiles",
                    "horizon_days",
                    version="model_version",
                    as_of_date=day,
                )
            )
            for day in (tonight, past)
        )
        return Stored(
            decision,
            rows("eligibility_reasons", "reason_code"),
            grid,
            rows("offer_evaluations", "target_term_days"),
            rows("advance_offers", "target_term_days"),
            rows("open_offers", "target_term_days", "opened_date", "offer_id"),
            next(iter(rows("guard_findings", "verdict")), None),
            past_grid,
        )


def _of_currency(decided: list[Row], currency_code: str | None) -> list[Row]:
    if currency_code is None:
        return decided
    chosen = [row for row in decided if row["currency_code"] == currency_code]
    if not chosen:
        known = ", ".join(row["currency_code"] for row in decided)
        message = (
            f"seller {decided[0]['seller_id']!r} was decided on in {known},"
            f" not {currency_code}"
        )
        advice = "give one of those, or no --currency for all"
        raise DataError(message, advice)
    return chosen


def _nothing_stored(night: Night, warehouse: Warehouse, seller_id: str) -> DataError:
    """Say what is missing, and which nights are stored of the seller and in all."""
    nights = warehouse.query(
        "select as_of_date, policy_version, count(*) as decided_count,"
        " sum(case when seller_id = $seller_id then 1 else 0 end) as of_seller_count"
        " from underwriting.eligibility_decisions"
        " group by as_of_date, policy_version order by as_of_date, policy_version",
        seller_id=seller_id,
    ).to_pylist()
    if not nights:
        return DataError("no night is stored", "run `advances nightly` first")
    known = [row for row in nights if row["of_seller_count"]]
    tonight = [row for row in nights if row["as_of_date"] == night.as_of_date]
    asked = night.settings.policy_version
    under = f" under policy {asked}" if asked else ""
    if not tonight:
        missing = f"no decisions for {night.as_of_date}"
    else:
        missing = f"no decision about seller {seller_id!r} on {night.as_of_date}{under}"
    if known:
        advice = f"ask for a night that knows the seller: {_listed(known)}"
    else:
        advice = f"look at its id; no stored night knows it: {_listed(nights)}"
    return DataError(missing, advice)


def _listed(nights: list[Row]) -> str:
    texts = [f"{row['as_of_date']} (policy {row['policy_version']})" for row in nights]
    dots = "…, " if len(texts) > _NIGHTS_SHOWN else ""
    return dots + ", ".join(texts[-_NIGHTS_SHOWN:])


def _grid(quantiles: list[Row]) -> QuantileGrid | None:
    """Return one seller's quantiles, rows in the order of their horizons, if any."""
    if not quantiles:
        return None
    values = [[row[name] for name in QUANTILE_COLUMNS] for row in quantiles]
    return QuantileGrid(
        np.array([values], dtype=np.float64),
        np.array([row["horizon_days"] for row in quantiles], dtype=np.int64),
        np.array(list(QUANTILE_COLUMNS.values())),
        np.array([[row["is_extrapolated"] for row in quantiles]], dtype=bool),
    )
