"""The sample marketplace's tables of payouts, ledger, advances and offers.

Each function takes a block's arrays and returns the pieces of one contract table,
every version in it that is known by the end of history.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.sources.sample_advances import (
    KINDS,
    STATUSES,
    Advances,
    Changes,
    Repayments,
)
from jobs.sources.sample_columns import Block, Pieces, Values
from jobs.sources.sample_ledger import Movements, repayment_number, unique_number
from jobs.sources.sample_payouts import Payouts
from jobs.sources.sample_sellers import DAY_SECONDS, NEVER, Ints, happens
from jobs.sources.tables import TABLES

#: Numbers of offers that were not accepted begin here.
_IDLE_OFFERS = 100_000
_LAPSED, _DECLINED, _WITHDRAWN = range(3)


def payouts(block: Block, payouts: Payouts) -> Pieces:
    """Return each payout in transit and how it ended; pending first where it waits."""
    seller = block.accounts.seller[payouts.account]
    number = unique_number(block.accounts, payouts.account, payouts.number)
    return [
        block.table(
            "payouts",
            payout_id=block.ids("p", seller, number),
            seller_id=seller,
            currency_code=block.accounts.currency[payouts.account],
            period_start_date=payouts.first_day,
            period_end_date=payouts.last_day,
            initiated_at=initiated,
            paid_at=paid,
            status=status,
            amount_minor=payouts.amount,
            updated_at=updated,
        )
        for status, initiated, paid, updated in (
            ("pending", None, None, payouts.queued),
            ("in_transit", payouts.initiated, None, payouts.initiated),
            ("paid", payouts.initiated, payouts.paid, payouts.paid),
            ("failed", payouts.initiated, None, payouts.failed),
            ("returned", payouts.initiated, payouts.paid, payouts.returned),
        )
    ]


def balance_transactions(
    block: Block, movements: Sequence[Movements], open_batch: Ints
) -> Pieces:
    """Return every ledger line once, with the batch that was open when it occurred."""
    return [_balance_transactions(block, lines, open_batch) for lines in movements]


def _balance_transactions(block: Block, lines: Movements, open_batch: Ints) -> pa.Table:
    seller, occurred = block.accounts.seller[lines.account], lines.occurred
    if lines.letter == "P":
        batch, available = lines.number, occurred
    else:
        opened = open_batch[block.market.day(occurred), lines.account]
        batch = unique_number(block.accounts, lines.account, opened)
        available = (occurred // DAY_SECONDS + 1) * DAY_SECONDS
    source: Values = None
    if lines.source_number is not None:
        source = block.ids(lines.source_letter, seller, lines.source_number)
    return block.table(
        "balance_transactions",
        balance_transaction_id=block.ids(lines.letter, seller, lines.number),
        seller_id=seller,
        payout_id=block.ids("p", seller, batch),
        currency_code=block.accounts.currency[lines.account],
        kind=lines.kind,
        amount_minor=lines.amount,
        source_id=source,
        occurred_at=occurred,
        available_at=available,
        updated_at=occurred,
    )


def advances(block: Block, advances: Advances) -> Pieces:
    """Return each advance as accepted, disbursed, and as it ended."""
    seller = block.accounts.seller[advances.account]
    number = unique_number(block.accounts, advances.account, advances.number)
    is_unagreed = advances.minimum_interval == 0
    statuses = TABLES["advances"]["status"].allowed
    ending = np.array([statuses.index(status) for status in STATUSES])
    return [
        block.table(
            "advances",
            advance_id=block.ids("a", seller, number),
            offer_id=block.ids("f", seller, number),
            seller_id=seller,
            currency_code=block.accounts.currency[advances.account],
            advance_minor=advances.advance,
            fee_minor=advances.fee,
            holdback_rate=advances.holdback_percent / 100,
            minimum_interval_days=pa.array(advances.minimum_interval, mask=is_unagreed),
            minimum_minor=pa.array(advances.minimum, mask=is_unagreed),
            accepted_at=advances.accepted,
            disbursed_at=disbursed,
            closed_at=closed,
            status=status,
            updated_at=updated,
        )
        for status, disbursed, closed, updated in (
            ("accepted", None, None, advances.accepted),
            ("disbursed", advances.disbursed, None, advances.disbursed),
            (
                ending[advances.outcome],
                advances.disbursed,
                advances.closed,
                advances.closed,
            ),
        )
    ]


def advance_repayments(block: Block, advances: Advances, paid: Repayments) -> Pieces:
    """Return every repayment with the ledger line that carries it."""
    account = advances.account[paid.advance]
    seller = block.accounts.seller[account]
    number = repayment_number(block.accounts, advances, paid)
    is_reversal = paid.kind == KINDS.index("reversal")
    holdback = np.full(paid.kind.size, KINDS.index("holdback"))
    original = repayment_number(
        block.accounts, advances, replace(paid, day=paid.day - 1, kind=holdback)
    )
    original_id = block.ids("y", seller, np.where(is_reversal, original, 0))
    advance = unique_number(block.accounts, account, advances.number[paid.advance])
    allowed = TABLES["advance_repayments"]["kind"].allowed
    kind = np.array([allowed.index(kind) for kind in KINDS])
    return [
        block.table(
            "advance_repayments",
            advance_repayment_id=block.ids("y", seller, number),
            advance_id=block.ids("a", seller, advance),
            balance_transaction_id=block.ids("Y", seller, number),
            amount_minor=paid.amount,
            currency_code=block.accounts.currency[account],
            kind=kind[paid.kind],
            repaid_at=paid.repaid,
            reversed_repayment_id=pc.if_else(pa.array(is_reversal), original_id, None),
            updated_at=paid.repaid,
        )
    ]


def advance_changes(block: Block, advances: Advances, changes: Changes) -> Pieces:
    """Return every lower holdback rate and its reason."""
    account = advances.account[changes.advance]
    seller = block.accounts.seller[account]
    number = unique_number(block.accounts, account, advances.number[changes.advance])
    reason = "Slower sales than planned; a lower rate was agreed with the seller."
    return [
        block.table(
            "advance_changes",
            advance_change_id=block.ids("h", seller, number),
            advance_id=block.ids("a", seller, number),
            holdback_rate=changes.holdback_percent / 100,
            reason=pa.array([reason] * seller.size, pa.string()),
            effective_at=changes.effective,
            updated_at=changes.effective,
        )
    ]


def offer_events(
    block: Block, random: np.random.Generator, advances: Advances
) -> Pieces:
    """Return how accepted offers came about, and what became of others.

    Of the others a third is declined, a fifth withdrawn; the rest lapses in silence.
    """
    seller = block.accounts.seller[advances.account]
    number = unique_number(block.accounts, advances.account, advances.number)
    wait = random.integers(7_200, 10 * DAY_SECONDS, seller.size)
    delivered = advances.accepted - wait
    seen = delivered + (wait * random.uniform(0.1, 0.9, seller.size)).astype(np.int64)
    market, first = block.market, np.maximum(block.sellers.first_sale_day, 0)
    idle = np.flatnonzero(happens(random, 0.3, first.size) & (first < market.day_count))
    morning = np.array(36_000)
    sent = market.second(random.integers(first[idle], market.day_count), morning)
    looked = sent + random.integers(600, 5 * DAY_SECONDS, idle.size)
    looked[happens(random, 0.2, idle.size)] = NEVER
    answers = random.choice(3, idle.size, p=(0.45, 0.35, 0.2))
    ended = sent + random.integers(6 * DAY_SECONDS, 20 * DAY_SECONDS, idle.size)
    idle_number = np.full(idle.size, _IDLE_OFFERS)
    return [
        _offer_events(block, kind, *rows)
        for kind, *rows in (
            ("delivered", seller, number, delivered),
            ("viewed", seller, number, seen),
            ("accepted", seller, number, advances.accepted),
            ("delivered", idle, idle_number, sent),
            ("viewed", idle, idle_number, looked),
            (
                "declined",
                idle,
                idle_number,
                np.where((answers == _DECLINED) & (looked < NEVER), ended, NEVER),
            ),
            (
                "withdrawn",
                idle,
                idle_number,
                np.where(answers == _WITHDRAWN, ended, NEVER),
            ),
        )
    ]


def _offer_events(
    block: Block, kind: str, seller: Ints, number: Ints, occurred: Ints
) -> pa.Table:
    code = TABLES["offer_events"]["kind"].allowed.index(kind)
    return block.table(
        "offer_events",
        offer_event_id=block.ids("e", seller, number * 8 + code),
        offer_id=block.ids("f", seller, number),
        seller_id=seller,
        kind=kind,
        occurred_at=occurred,
        updated_at=occurred,
    )
