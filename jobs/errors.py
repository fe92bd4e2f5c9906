"""What every failure that reaches a person says: what, where, and what to do."""

from typing import ClassVar


class AdvancesError(Exception):
    """A failure of a kind that we know; its text is all three parts in one line.

    ``where`` is what only the raiser knows: a file, a table, an option. The command,
    the step and the night are added where it is printed.
    """

    kind: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1
    usual_advice: ClassVar[str] = (
        "run the same command again; if it fails again, --verbose says where"
    )

    def __init__(self, what: str, advice: str = "", where: object = "") -> None:
        """Take what went wrong; what to do, unless it is the usual; and the place."""
        self.what, self.where = what, str(where)
        self.advice = advice or self.usual_advice
        place = f"{where}: " if self.where else ""
        super().__init__(f"{place}{what}; {advice}" if advice else f"{place}{what}")
