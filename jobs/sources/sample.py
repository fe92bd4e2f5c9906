"""The built-in sample marketplace: seeded, any size, in the input contract.

``write`` makes a folder that the ``files`` source reads: ``<table>/part-00000.parquet``
and on, one part a block of sellers, and ``sample.json`` saying which sample it is.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.sources import sample_ledger as ledger
from jobs.sources import sample_money_tables as money
from jobs.sources import sample_seller_tables as trade
from jobs.sources.sample_advances import draw_advances
from jobs.sources.sample_columns import Block, Pieces
from jobs.sources.sample_discrepancies import with_settlements
from jobs.sources.sample_parameters import MANIFEST, Sample, identity
from jobs.sources.sample_payouts import pay_out, payout_movements
from jobs.sources.sample_sales import (
    Lines,
    draw_chargebacks,
    draw_lines,
    draw_refunds,
)
from jobs.sources.sample_sellers import (
    NEVER,
    Flags,
    Ints,
    Market,
    draw_accounts,
    draw_intensity,
    draw_market,
    draw_restrictions,
    draw_sellers,
    restricted_days,
)
from jobs.sources.sample_settlements import write_settlements
from jobs.sources.sample_surges import (
    Planting,
    draw_surges,
    labels,
    with_more_lines,
    with_odd_lines,
    with_rings,
)

BLOCK_SELLERS = 1_000
_WRITING_THREADS = 2


def write(
    sample: Sample, folder: Path, progress: Callable[[int], None] | None = None
) -> dict[str, int]:
    """Write the sample into ``folder`` and return the count of rows by table.

    The folder appears whole or not at all; an older sample in it is replaced.
    ``progress`` is called with the number of sellers written since the last call.
    Raises FileExistsError where the folder holds anything but a sample.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        message = f"{folder} holds something else; choose an empty or a new folder"
        raise FileExistsError(message)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rows = _write_blocks(sample, partial, progress or (lambda _: None))
    manifest = identity(sample) | {"rows": rows}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return rows


def _write_blocks(
    sample: Sample, folder: Path, progress: Callable[[int], None]
) -> dict[str, int]:
    """Write block after block; the next one is drawn while the last one is written."""
    seeds = np.random.SeedSequence(sample.seed, spawn_key=(0,))
    random = np.random.default_rng(seeds)
    market = draw_market(random, sample.first_day, sample.days)
    rows: dict[str, int] = {}
    writing: list[Future[None]] = []
    with ThreadPoolExecutor(_WRITING_THREADS) as executor:
        for start in range(0, sample.sellers, BLOCK_SELLERS):
            number = np.arange(start, min(start + BLOCK_SELLERS, sample.sellers))
            seeds = np.random.SeedSequence(sample.seed, spawn_key=(1, start))
            part = f"part-{start // BLOCK_SELLERS:05d}.parquet"
            _finish(writing)
            random = np.random.default_rng(seeds)
            # Writing begins while the rest of the block is still being drawn.
            for name, pieces in _tables(sample, random, market, number):
                rows[name] = rows.get(name, 0) + sum(map(len, pieces))
                path = folder / name / part
                job = _write_settlements if name == "settlements" else _write_parquet
                writing.append(executor.submit(job, path, pieces))
            progress(number.size)
        _finish(writing)
    return rows


def _finish(writing: list[Future[None]]) -> None:
    """Wait for what is being written, so that no more than two blocks are in memory."""
    for future in writing:
        future.result()
    writing.clear()


def _tables(
    sample: Sample, random: np.random.Generator, market: Market, number: Ints
) -> Iterator[tuple[str, Pieces]]:
    """Yield the tables of the sellers ``number`` with all that is planted into them."""
    surges = _planting(sample, number, 2, 2 * sample.surges)
    drawn = _draw(random, market, number, surges)
    if sample.settlements or sample.discrepancies:
        planting = _planting(sample, number, 3, sample.discrepancies)
        return with_settlements(drawn, planting)
    return drawn


def _planting(sample: Sample, number: Ints, stream: int, turns: int) -> Planting:
    """Spread turns evenly over the blocks, with random numbers of their own."""
    first, last = int(number[0]), int(number[-1]) + 1
    seeds = np.random.SeedSequence(sample.seed, spawn_key=(stream, first))
    return Planting(
        np.random.default_rng(seeds),
        range(turns * first // sample.sellers, turns * last // sample.sellers),
    )


def _draw(
    random: np.random.Generator, market: Market, number: Ints, planting: Planting
) -> Iterator[tuple[str, Pieces]]:
    """Yield the tables of the sellers ``number`` as soon as each is drawn."""
    sellers = draw_sellers(random, market, number)
    restrictions = draw_restrictions(random, market, sellers)
    accounts = draw_accounts(random, sellers)
    planted = draw_surges(planting, market, sellers, accounts, restrictions)
    block = Block(market, with_rings(sellers, planted), accounts)
    if planted.seller.size:
        yield "surge_labels", [labels(market, block.seller_ids, planted)]
    yield "sellers", trade.sellers(block, restrictions)
    yield "compliance_checks", trade.compliance_checks(block, random)
    yield "seller_restrictions", trade.seller_restrictions(block, restrictions)
    intensity = draw_intensity(
        random,
        market,
        sellers,
        block.accounts,
        restricted_days(restrictions, "listing_suspended", market, number.size),
    )
    if planted.seller.size:
        intensity = with_more_lines(planting.random, intensity, accounts, planted)
    lines = draw_lines(random, market, sellers, accounts, intensity)
    if planted.seller.size:
        lines = with_odd_lines(planting.random, market, accounts, lines, planted)
    sold = lines.take(np.flatnonzero(lines.captured != NEVER))
    yield "order_items", trade.order_items(block, lines, sold)
    on_hold = restricted_days(restrictions, "payout_hold", market, number.size)
    suspended = restricted_days(restrictions, "listing_suspended", market, number.size)
    yield from _draw_money(random, block, sold, on_hold, suspended)


def _draw_money(
    random: np.random.Generator,
    block: Block,
    sold: Lines,
    on_hold: Flags,
    suspended: Flags,
) -> Iterator[tuple[str, Pieces]]:
    """Yield the tables of the money that follows from what was sold."""
    market, accounts = block.market, block.accounts
    refunds = draw_refunds(random, market, accounts, sold)
    yield "refunds", trade.refunds(block, sold, refunds)
    chargebacks = draw_chargebacks(random, market, sold, refunds)
    yield "chargebacks", trade.chargebacks(block, sold, chargebacks)
    sales = ledger.sale_movements(sold)
    reversals = [
        *ledger.refund_movements(sold, refunds),
        *ledger.chargeback_movements(market, sold, chargebacks),
    ]
    captured = ledger.net_by_day(market, accounts, sales[:1])
    returned = [lines for lines in reversals if lines.kind != "commission_refund"]
    repayable = captured + ledger.net_by_day(market, accounts, returned)
    paused = suspended[accounts.seller, : market.day_count].T
    advances, paid, changes = draw_advances(
        random, market, np.maximum(repayable, 0), paused
    )
    yield "advances", money.advances(block, advances)
    yield "advance_changes", money.advance_changes(block, advances, changes)
    yield "advance_repayments", money.advance_repayments(block, advances, paid)
    yield "offer_events", money.offer_events(block, random, advances)
    others = [
        *sales[1:],
        *reversals,
        *ledger.correction_movements(random, market, accounts, captured),
        *ledger.advance_movements(market, accounts, advances, paid),
    ]
    flows = captured + ledger.net_by_day(market, accounts, others)
    payouts, batch = pay_out(random, market, accounts, flows, on_hold)
    yield "payouts", money.payouts(block, payouts)
    moves = payout_movements(market, accounts, payouts)
    lines = [sales[0], *others, *moves]
    yield "balance_transactions", money.balance_transactions(block, lines, batch)


def _write_settlements(path: Path, pieces: Pieces) -> None:
    """Write the pieces as settlement files, named by the number of the block."""
    block = int(path.stem.removeprefix("part-"))
    write_settlements(path.parent, pa.concat_tables(pieces).to_pandas(), block)


def _write_parquet(path: Path, pieces: Pieces) -> None:
    """Write the pieces as one file; times and amounts are delta encoded."""
    path.parent.mkdir(exist_ok=True)
    table = pa.concat_tables(pieces)
    words = [field.name for field in table.schema if _is_words(field.type)]
    deltas = [field.name for field in table.schema if _is_whole(field.type)]
    pq.write_table(
        table,
        path,
        compression="snappy",
        use_dictionary=words,
        column_encoding=dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
        write_statistics=["updated_at"],
        # Without the Arrow schema the words are read back as plain text.
        store_schema=False,
    )


def _is_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind))


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_temporal(kind))
