"""Which sample marketplace: its parameters, and whether a folder holds it.

Apart from what makes it, which takes long to import and is needed once.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

MANIFEST = "sample.json"
_MOST_SELLERS = 9_999_999
_SHORTEST_DAYS, _LONGEST_DAYS = 120, 3_650
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Sample:
    """Which marketplace: ``days`` of history of ``sellers``, ending on ``end_date``.

    With ``surges`` as many sellers with inflated sales, and as many with an honest
    surge, are planted into the last 28 days, where enough sellers are fit for it; the
    table ``surge_labels`` beside those of the contract says who they are. With
    ``settlements`` the processor's files are written too. With ``discrepancies`` as
    many of each kind of ``sample_discrepancies`` are planted into tables and files, and
    ``discrepancy_labels`` says what, where and how much.

    Raises ValueError for a size that cannot be made.
    """

    sellers: int = 2_000
    days: int = 730
    seed: int = 7
    end_date: date = date(2026, 10, 31)
    surges: int = 0
    settlements: bool = False
    discrepancies: int = 0

    def __post_init__(self) -> None:
        """Refuse a marketplace with nobody in it or hardly any history."""
        if not 1 <= self.sellers <= _MOST_SELLERS:
            message = f"sellers is {self.sellers}; expected 1 to {_MOST_SELLERS}"
            raise ValueError(message)
        if not _SHORTEST_DAYS <= self.days <= _LONGEST_DAYS:
            span = f"{_SHORTEST_DAYS} to {_LONGEST_DAYS}"
            message = f"days is {self.days}; expected {span}"
            raise ValueError(message)
        if self.seed < 0:
            message = f"seed is {self.seed}; expected 0 or more"
            raise ValueError(message)
        if not 0 <= self.surges <= self.sellers:
            message = (
                f"surges is {self.surges}; expected 0 to {self.sellers}, the sellers"
            )
            raise ValueError(message)
        if not 0 <= self.discrepancies <= self.sellers:
            span = f"0 to {self.sellers}, the sellers"
            message = f"discrepancies is {self.discrepancies}; expected {span}"
            raise ValueError(message)

    @property
    def first_day(self) -> int:
        """First day of history, in days since 1970-01-01."""
        return (self.end_date - _EPOCH).days + 1 - self.days


def is_written(sample: Sample, folder: Path) -> bool:
    """Tell whether ``folder`` holds this very sample, made by this very code."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(identity(sample).items() <= manifest.items())


def identity(sample: Sample) -> dict[str, object]:
    """Return the parameters, and a hash of the code that makes a sample of them."""
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("sample*.py")):
        code.update(path.read_bytes())
    parameters = asdict(sample) | {"end_date": sample.end_date.isoformat()}
    return {"sample": parameters, "code": code.hexdigest()[:16]}
