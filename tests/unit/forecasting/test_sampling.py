"""The sample is fixed: it depends on who the sellers are and on nothing else."""

import numpy as np
from panels import panel_of, random_panel

from jobs.forecasting.sampling import sample_rows, stable_hash


def test_hash_is_pinned() -> None:
    """The hash never changes between versions, or the training sample would."""
    hashes = stable_hash(np.array(["seller-a", "seller-b", ""]))

    assert hashes.tolist() == [
        5919003020233335833,
        16902448349906575361,
        17058014651485797458,
    ]


def test_hash_ignores_the_width_of_the_neighbours() -> None:
    """A long id elsewhere in the panel does not change the hash of a short one."""
    alone = stable_hash(np.array(["seller-a", "é"]))
    beside = stable_hash(np.array(["seller-a", "é", "a-much-longer-seller-id"]))

    assert alone.tolist() == beside[:2].tolist()


def test_hash_spreads_numbered_ids_evenly() -> None:
    """Ids that count up fill 64 buckets about equally, with no two hashes alike."""
    hashes = stable_hash(np.array([f"seller-{number:06d}" for number in range(64_000)]))

    counts = np.bincount((hashes % np.uint64(64)).astype(np.int64), minlength=64)

    assert len(np.unique(hashes)) == 64_000
    assert counts.min() > 850
    assert counts.max() < 1_150


def test_sample_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled panels give the same series in the same order."""
    panel = random_panel(count=50)
    order = np.random.default_rng(1).permutation(50)
    shuffled = panel.take(order)

    here = panel.seller_ids[sample_rows(panel, 20)]
    there = shuffled.seller_ids[sample_rows(shuffled, 20)]

    assert len(here) == 20
    assert here.tolist() == there.tolist()


def test_sample_leaves_out_who_never_sold() -> None:
    """A series without history teaches nothing and takes no place."""
    panel = panel_of(np.array([[0.0, 0.0], [0.0, 3.0], [5.0, 0.0]]))

    assert sorted(sample_rows(panel, 5).tolist()) == [1, 2]
