"""What an audit found out about one service in one scope, as its receipts keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class AuditNote:
    """The last audit: the service held ``there`` products, and by its receipts surely ``held`` and ``perhaps`` more.

    ``checked`` products were compared one by one; all of them, where ``is_whole``. Of these ``absent`` ones were not
    there, ``different`` ones were there in another version, and ``foreign`` ones though no receipt says so. ``others``
    were never written by us, and are let be.
    """

    at: datetime
    run: str
    there: int
    held: int
    perhaps: int
    checked: int
    is_whole: bool
    absent: int = 0
    different: int = 0
    foreign: int = 0
    others: int = 0

    @property
    def drift(self) -> int:
        """How many products are not as the receipts say."""
        return self.absent + self.different + self.foreign

    @property
    def sentence(self) -> str:
        """What it came to, with the time in UTC."""
        sample = "" if self.is_whole else f" ({self.checked:,} compared one by one)"
        perhaps = f" and perhaps {self.perhaps:,} more" if self.perhaps else ""
        others = f"; {self.others:,} are not ours" if self.others else ""
        return (
            f"Checked {self.at:%Y-%m-%d %H:%M} UTC: holds {self.there:,} of {self.held:,}{perhaps}{sample}; "
            f"{self.absent:,} absent, {self.different:,} different, {self.foreign:,} foreign{others}"
        )

    @classmethod
    def of(cls, content: Mapping[str, Any] | None) -> Self | None:
        """The note that an entry's metadata carry."""
        return cls(**{**content, "at": datetime.fromisoformat(content["at"])}) if content else None

    def content(self) -> dict[str, Any]:
        """The note as an entry's metadata."""
        return {**asdict(self), "at": self.at.isoformat()}
