"""Which of the languages that a text exists in to show: RFC 4647 lookup over BCP 47 tags."""

import re
from collections.abc import Collection, Iterable, Sequence

MOST_RANGES = 20
_RANGE = re.compile(
    r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4})\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*"
)


def accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110 §12.5.4), best first. What is odd is passed over."""
    found = [_RANGE.fullmatch(part) for part in header[:1000].split(",")[:MOST_RANGES]]
    weighed = [(float(m[2] or 1), m[1]) for m in found if m is not None]
    return [tag for weight, tag in sorted(weighed, key=lambda w: -w[0]) if weight > 0]


def lookup(available: Collection[str], wanted: Sequence[str]) -> str:
    """The language to show: the first wanted one, cut from its end until it is there, else any.

    Raises:
        ValueError: there is no text at all.

    """
    known = {tag.lower(): tag for tag in sorted(available)}
    if not known:
        raise ValueError("a text in no language")
    for tag in shortened(wanted):
        if tag in known:
            return known[tag]
    return next(iter(known.values()))


def shortened(wanted: Iterable[str]) -> Iterable[str]:
    """Each tag and what is left of it cut from its end, in lower case, in the order to try them."""
    for tag in wanted:
        parts = tag.lower().split("-")
        while parts:
            yield "-".join(parts)
            parts.pop()
            if parts and len(parts[-1]) == 1:
                parts.pop()  # RFC 4647 §3.4: a single letter only introduces what stood after it
