"""Whose law an audit of disclosed rates follows.

Who discloses by its own forecast must look back: California every four months (10 CCR
931 (a)(4)) and New York every twelve (23 NYCRR 600.9 (e)), over what was paid off
since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jobs.underwriting.disclosure import State

LawName = Literal["california", "new_york"]


@dataclass(frozen=True)
class AuditLaw:
    """Whose tolerance holds, and how many months an audit looks back."""

    state: State
    months: int


LAWS: dict[LawName, AuditLaw] = {
    "california": AuditLaw("CA", 4),
    "new_york": AuditLaw("NY", 12),
}
