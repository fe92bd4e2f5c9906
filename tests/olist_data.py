"""Where the real Olist data lies, and which tests need it."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
OLIST = SHARED / "data" / "olist"
#: On CI the data must be there: a test that cannot find it fails instead of skipping.
MUST_RUN = os.environ.get("CI") == "true" and SHARED.is_dir()

needs_olist = pytest.mark.skipif(
    not OLIST.is_dir() and not MUST_RUN,
    reason="the Olist data is not in ../shared/data/olist, beside this repository",
)
