"""Numbers beside the noun that they count, as people write them."""


def quantity(number: int, noun: str) -> str:
    """``1 record``, ``2,000 records``: for nouns whose plural takes an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
