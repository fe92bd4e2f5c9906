"""The sample marketplace's tables of sellers, checks and orders.

Each function takes a block's arrays and returns the pieces of one contract table,
every version in it that is known by the end of history.
"""

import numpy as np
import pyarrow as pa

from jobs.sources.sample_columns import Block, Pieces
from jobs.sources.sample_sales import Chargebacks, Lines, Refunds
from jobs.sources.sample_sellers import (
    DAY_SECONDS,
    NEVER,
    RESTRICTIONS,
    Ints,
    Restrictions,
    happens,
)

#: An order that stays unpaid is cancelled after this time.
_UNPAID_SECONDS = 26 * 3_600
#: Slower captures leave a version of their own.
_SLOW_SECONDS = 900
_REFUND_REASONS = pa.array(
    ["not as described", "changed mind", "arrived damaged", "arrived late", None]
)
_KYB, _SANCTIONS, _TAX_ID = range(3)
_CHECK_EVERY_DAYS, _CHECK_VALID_DAYS = 345, 365


def sellers(block: Block, restrictions: Restrictions) -> Pieces:
    """Return each seller as onboarding, active, suspended meanwhile, and closed."""
    everyone = np.arange(block.sellers.number.size)
    listing = restrictions.kind == RESTRICTIONS.index("listing_suspended")
    suspended = restrictions.seller[listing]
    entities = block.entity_ids()
    return [
        block.table(
            "sellers",
            seller_id=seller,
            legal_entity_id=entities.take(pa.array(seller)),
            country_code=block.sellers.country[seller],
            currency_code=_home_currency(block)[seller],
            status=status,
            onboarded_at=block.sellers.opened[seller],
            updated_at=updated,
        )
        for status, seller, updated in (
            ("onboarding", everyone, block.sellers.opened),
            ("active", everyone, block.sellers.activated),
            ("suspended", suspended, restrictions.starts[listing]),
            ("active", suspended, restrictions.ends[listing]),
            ("closed", everyone, block.sellers.closed),
        )
    ]


def _home_currency(block: Block) -> Ints:
    home: Ints = block.accounts.currency[block.accounts.ordinal == 0]
    return home


def compliance_checks(block: Block, random: np.random.Generator) -> Pieces:
    """Return checks made on opening and renewed every 345 days, pending at first.

    A check is valid for 365 days (tax_id for ever). One in 200 is not renewed and
    expires, one in 125 fails, one in 250 stays pending.
    """
    opened = block.sellers.opened
    rounds = int((block.market.end - opened.min()) // (_CHECK_EVERY_DAYS * DAY_SECONDS))
    shape = (opened.size, 3, rounds + 1)
    begun = opened[:, None, None] + random.integers(60, 20_000, shape)
    begun = begun + np.arange(rounds + 1) * _CHECK_EVERY_DAYS * DAY_SECONDS
    lapses = np.roll(happens(random, 0.005, shape), 1, axis=2)
    lapses[:, _TAX_ID, 1:] = True
    lapses[:, :, 0] = False
    is_made = ~np.logical_or.accumulate(lapses, axis=2)
    is_made &= (begun <= block.market.end) & (
        begun < block.sellers.closed[:, None, None]
    )
    seller, kind, turn = np.nonzero(is_made)
    begun = begun[is_made]
    decided = begun + random.integers(3_600, 3 * DAY_SECONDS, begun.size)
    decided[happens(random, 0.004, begun.size)] = NEVER
    is_passed = happens(random, 0.992, begun.size)
    expires = decided + _CHECK_VALID_DAYS * DAY_SECONDS
    expires[~is_passed | (kind == _TAX_ID)] = NEVER
    never = np.full(begun.size, NEVER)
    return [
        block.table(
            "compliance_checks",
            compliance_check_id=block.ids("k", seller, turn * 3 + kind),
            seller_id=seller,
            kind=kind,
            outcome=outcome,
            checked_at=checked,
            expires_at=expiry,
            updated_at=checked,
        )
        for outcome, checked, expiry in (
            (np.zeros(begun.size, np.int64), begun, never),
            (np.where(is_passed, 1, 2), decided, expires),
        )
    ]


def seller_restrictions(block: Block, restrictions: Restrictions) -> Pieces:
    """Return each restriction as it starts, and as it ends where that was open."""
    told = np.where(restrictions.is_planned, restrictions.ends, NEVER)
    ended = np.where(restrictions.is_planned, NEVER, restrictions.ends)
    return [
        block.table(
            "seller_restrictions",
            seller_restriction_id=block.ids(
                "x", restrictions.seller, np.zeros(told.size, np.int64)
            ),
            seller_id=restrictions.seller,
            kind=restrictions.kind,
            starts_at=restrictions.starts,
            ends_at=ends,
            updated_at=updated,
        )
        for ends, updated in (
            (told, restrictions.starts),
            (restrictions.ends, ended),
        )
    ]


def order_items(block: Block, lines: Lines, sold: Lines) -> Pieces:
    """Return lines ordered (if slow), cancelled, or ``sold``: captured, delivered."""
    wait = lines.captured - lines.ordered
    slow = lines.take(np.flatnonzero(wait >= _SLOW_SECONDS))
    cancelled = lines.take(np.flatnonzero(lines.captured == NEVER))
    delivered = sold.take(np.flatnonzero(sold.delivered <= block.market.end))
    unpaid = cancelled.ordered + _UNPAID_SECONDS
    return [
        _order_items(block, slow, "ordered", slow.ordered),
        _order_items(block, cancelled, "cancelled", unpaid),
        _order_items(block, sold, "captured", sold.captured),
        _order_items(block, delivered, "delivered", delivered.delivered),
    ]


def _order_items(block: Block, lines: Lines, status: str, updated: Ints) -> pa.Table:
    seller = block.accounts.seller[lines.account]
    is_captured = status in {"captured", "delivered"}
    return block.table(
        "order_items",
        order_item_id=block.ids("i", seller, lines.number),
        order_id=block.ids("o", seller, lines.order),
        seller_id=seller,
        ordered_at=lines.ordered,
        captured_at=lines.captured if is_captured else None,
        delivered_at=lines.delivered if status == "delivered" else None,
        status=status,
        currency_code=block.accounts.currency[lines.account],
        gross_minor=lines.gross,
        commission_minor=lines.commission,
        updated_at=updated,
    )


def refunds(block: Block, lines: Lines, refunds: Refunds) -> Pieces:
    """Return each refund once."""
    refunded = lines.take(refunds.line)
    seller = block.accounts.seller[refunded.account]
    number = refunded.number * 2 + refunds.ordinal
    return [
        block.table(
            "refunds",
            refund_id=block.ids("r", seller, number),
            order_item_id=block.ids("i", seller, refunded.number),
            seller_id=seller,
            refunded_at=refunds.refunded,
            amount_minor=refunds.amount,
            currency_code=block.accounts.currency[refunded.account],
            reason=_REFUND_REASONS.take(pa.array(refunds.refunded % 5)),
            updated_at=refunds.refunded,
        )
    ]


def chargebacks(block: Block, lines: Lines, chargebacks: Chargebacks) -> Pieces:
    """Return each dispute as it opens and as it is won or lost."""
    disputed = lines.take(chargebacks.line)
    seller = block.accounts.seller[disputed.account]
    return [
        block.table(
            "chargebacks",
            chargeback_id=block.ids("d", seller, disputed.number),
            order_item_id=block.ids("i", seller, disputed.number),
            seller_id=seller,
            opened_at=chargebacks.opened,
            closed_at=closed,
            outcome=outcome,
            amount_minor=disputed.gross,
            currency_code=block.accounts.currency[disputed.account],
            updated_at=updated,
        )
        for outcome, closed, updated in (
            ("open", None, chargebacks.opened),
            (
                np.where(chargebacks.is_won, 1, 2),
                chargebacks.closed,
                chargebacks.closed,
            ),
        )
    ]
