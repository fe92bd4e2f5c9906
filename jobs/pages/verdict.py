"""Was the night good? Each check says green, amber or red, and why in a sentence.

Red is for somebody to act on now, amber to look at in the morning. The night is as bad
as its worst check.
"""

from dataclasses import dataclass
from typing import Literal

from jobs.pages.blocks import Value, joined, plural, words
from jobs.pages.facts import Facts, sum_of
from jobs.settlements.match import EXPECTED

Status = Literal["green", "amber", "red"]
_ORDER: tuple[Status, ...] = ("red", "amber", "green")

#: A residual of these kinds is money on its way, and no fault.
_ON_ITS_WAY = ("none", "not_initiated")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    sentence: str

    @property
    def value(self) -> Value:
        """The sentence as a value, named for who reads the page back."""
        return Value(
            self.sentence, self.status, f"glance.{self.name}", tone=self.status
        )


def checks(facts: Facts) -> list[Check]:
    """Return every check, the worst first."""
    found = [
        _offers(facts),
        _publication(facts),
        _data(facts),
        _assessed(facts),
        _quarantine(facts),
        _watch(facts),
        _book(facts),
        _money(facts),
        _settlements(facts),
    ]
    return sorted(found, key=lambda check: _ORDER.index(check.status))


def status_of(found: list[Check]) -> Status:
    """Return the worst status."""
    return min((check.status for check in found), key=_ORDER.index)


def _offers(facts: Facts) -> Check:
    audited = facts.tonight("audited")
    if _is_past(facts, "audited"):
        return Check(
            "offers", "amber", "A later night's offers were audited since this night's."
        )
    if not audited:
        return Check(
            "offers",
            "red",
            "No offers of this night have passed their tests: nothing new may be"
            " published. Look at advances build --part offers.",
        )
    count = int(audited[0]["open_count"])
    eligible = facts.total("outcomes", "seller_count", outcome="eligible")
    if not count and eligible:
        return Check(
            "offers",
            "red",
            f"{plural(eligible, 'seller is', 'sellers are')} eligible and no offer is"
            " open.",
        )
    return Check("offers", "green", f"{plural(count, 'open offer')} passed every test.")


def _publication(facts: Facts) -> Check:
    """Say what came of publishing by the time the page is written."""
    state = facts.one("publication", "state")
    open_count = facts.one("publication", "open_count")
    audited = facts.tonight("audited")
    if state is None:
        said = "This night's offers were not published yet: run advances publish."
        return Check("publication", "amber", said)
    if state == "failed":
        why = str(facts.one("publication", "reason")).splitlines()[0].rstrip(".")
        said = f"Publishing failed, and sellers see what they saw before: {why}."
        return Check("publication", "red", said)
    if state == "superseded":
        said = "Not published: the product showed a later night's offers already."
        return Check("publication", "amber", said)
    counts = {row["open_count"] for row in audited}
    if counts - {facts.one("publication", "audited_count")}:
        said = "Offers were built again since they were published: publish again."
        return Check("publication", "amber", said)
    if state == "audited":
        said = "Offers passed the audit; no product's database is set to publish them."
        return Check("publication", "green", said)
    held_back = facts.total("publication", "held_back_count")
    more = f", {held_back:,} held back as accepted meanwhile" if held_back else ""
    said = f"{plural(open_count, 'open offer is', 'open offers are')} published{more}."
    return Check("publication", "green", said)


def _data(facts: Facts) -> Check:
    newest = facts.one("built", "data_as_of")
    if _is_past(facts, "built"):
        return Check(
            "data",
            "amber",
            "Cash flows, payouts and the state of advances are as of"
            f" {facts.one('built', 'as_of_date')}: later nights were built since.",
        )
    if not facts.tonight("built") or newest is None:
        return Check(
            "data", "red", "The cash-flow marts are not of this night: build them."
        )
    age = (facts.as_of_date - newest.date()).days
    if age > facts.maximum_data_age_days:
        return Check(
            "data",
            "red",
            f"The newest change is {plural(age, 'day')} old; nobody is assessed on data"
            f" older than {plural(facts.maximum_data_age_days, 'day')}.",
        )
    missing = [
        row["table_name"]
        for row in facts.rows("tables")
        if row["load"] and row["load"]["ingest_date"] != facts.as_of_date
    ]
    if missing:
        return Check("data", "amber", f"Not loaded tonight: {joined(missing)}.")
    if age:
        return Check("data", "amber", f"The newest change is {plural(age, 'day')} old.")
    loaded = sum(1 for row in facts.rows("tables") if row["load"])
    return Check(
        "data",
        "green",
        f"{plural(loaded, 'table')} loaded, the newest change at {newest:%H:%M} UTC.",
    )


def _is_past(facts: Facts, name: str) -> bool:
    """Whether the marts show a later night than the page's."""
    night = facts.one(name, "as_of_date")
    return night is not None and night > facts.as_of_date


def _assessed(facts: Facts) -> Check:
    everybody = facts.total("outcomes", "seller_count")
    faults = facts.total("outcomes", "seller_count", outcome="not_assessed")
    if not everybody:
        return Check("assessed", "red", "No seller was evaluated on this night.")
    if faults == everybody:
        return Check("assessed", "red", "No seller could be assessed: a data fault.")
    if faults:
        return Check(
            "assessed",
            "amber",
            f"{plural(faults, 'seller')} could not be assessed, for a fault of data.",
        )
    return Check("assessed", "green", f"{plural(everybody, 'seller')} evaluated.")


def _quarantine(facts: Facts) -> Check:
    count = facts.total("quarantine_count", "row_count")
    if count:
        return Check(
            "quarantine",
            "amber",
            f"{plural(count, 'row breaks', 'rows break')} the input contract and"
            f" {'waits' if count == 1 else 'wait'} in quarantine.",
        )
    return Check("quarantine", "green", "No row is in quarantine.")


def _watch(facts: Facts) -> Check:
    rows = facts.rows("watched")
    if not rows:
        return Check(
            "watch", "amber", "Nothing was watched on this night: run advances watch."
        )
    amber = [row["sentence"] for row in rows if row["verdict"] == "amber"]
    if amber:
        more = f" ({len(amber) - 1:,} more below)" if len(amber) > 1 else ""
        return Check("watch", "amber", f"Watch: {amber[0]}{more}.")
    made = sum(1 for row in rows if row["verdict"] == "ok")
    return Check("watch", "green", f"{plural(made, 'check')} of the watch, none amber.")


def _book(facts: Facts) -> Check:
    if facts.one("booked", "booked_date") == facts.as_of_date:
        count = sum_of(facts.tonight("portfolio"), "open_count")
        return Check(
            "book",
            "green",
            f"{plural(count, 'outstanding advance is', 'outstanding advances are')}"
            " booked.",
        )
    return Check(
        "book",
        "amber",
        "The book of advances has no page for this night: either nothing is owed and"
        " nothing moved, or advances book and build --part book are still to run.",
    )


def _money(facts: Facts) -> Check:
    parts = [
        (sum_of(facts.rows("quality"), "failed_count"), "money-quality line"),
        (facts.total("faults", "row_count"), "fault of an advance"),
        (
            sum(
                int(row["payout_count"])
                for row in facts.rows("payouts")
                if row["residual_reason"] not in _ON_ITS_WAY
            ),
            "payout with a residual",
        ),
    ]
    names = {
        "money-quality line": "lines that fail money quality",
        "fault of an advance": "faults of advances",
        "payout with a residual": "payouts with a residual",
    }
    failed = [plural(count, one, names[one]) for count, one in parts if count]
    if failed:
        return Check("money", "amber", f"Money that does not tie: {joined(failed)}.")
    if not facts.is_built("quality") or not facts.rows("quality"):
        return Check("money", "amber", "Money quality was not measured on this night.")
    unchecked = {
        words(row["check_name"])
        for row in facts.rows("quality")
        if row["state"] == "not_checked"
    }
    if unchecked:
        return Check("money", "amber", f"Not checked: {joined(sorted(unchecked))}.")
    return Check("money", "green", "The ledger, payouts and holdbacks tie.")


def _settlements(facts: Facts) -> Check:
    rows = facts.rows("findings")
    if not rows:
        return Check(
            "settlements", "green", "No settlement files were ever reconciled here."
        )
    night = rows[0]["as_of_date"]
    left = sum(int(row["line_count"]) for row in rows if row["finding"] not in EXPECTED)
    if left:
        return Check(
            "settlements",
            "amber",
            f"{plural(left, 'residual')} of settlement files, reconciled on {night}.",
        )
    return Check(
        "settlements", "green", f"Settlement files match, as reconciled on {night}."
    )
