"""What all forecasting tests share."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_linear_algebra() -> Iterator[None]:
    """Fit as the jobs do: more threads are many times slower on small matrices."""
    with threadpool_limits(1):
        yield
