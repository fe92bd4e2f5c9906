"""A fixed sample of series: the same ones whatever the order or the day."""

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.panel import Panel

_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(33)


def sample_rows(panel: Panel, size: int) -> NDArray[np.int64]:
    """Return the rows of at most ``size`` series that ever sold, in order of hash.

    The hash is taken of seller and currency alone, so the sample does not depend on
    the order of the rows, and most of it stays the same from night to night.
    """
    seller = stable_hash(panel.seller_ids)
    currency = stable_hash(panel.currency_codes)
    key = _mix(seller ^ (currency * _SPREAD))
    order = np.lexsort((panel.currency_codes, panel.seller_ids, key))
    has_sold = panel.birth_index < panel.days
    return order[has_sold[order]][:size]


def stable_hash(texts: NDArray[np.str_]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each text, [texts]: FNV-1a over its code points.

    h = (h xor code) * prime for each code point, then the bits are mixed once. The
    padding of numpy's fixed-width text is skipped, so neighbours have no influence.
    """
    width = max(texts.dtype.itemsize // 4, 1)
    codes = np.ascontiguousarray(texts, dtype=f"<U{width}").view("<u4")
    hashes = np.full(len(texts), _FNV_OFFSET)
    for code in codes.reshape(len(texts), width).T:
        hashes = np.where(code > 0, (hashes ^ code) * _FNV_PRIME, hashes)
    return _mix(hashes)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over the whole word: h ^= h >> 33; h *= c; h ^= h >> 33."""
    hashes = (hashes ^ (hashes >> _HALF)) * _SPREAD
    return hashes ^ (hashes >> _HALF)
