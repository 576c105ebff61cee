"""Why a value does not fit, and what to write instead, by the type of pydantic's finding; nothing of its own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXAMPLES = {
    "map": "{sku: article, name: title}",
    "guard": "{percent: 30, products: 20}",
    "keep": "{snapshots: 7d, quarantine: 90d}",
    "accepts": "{rule: \"status = 'enabled'\", otherwise: The product is disabled}",
    "sources": "{exports: {kind: files}}",
    "scopes": "{en-US: {source: exports, path: exports/*.csv}}",
    "services": "{search: {label: Search}}",
    "sources.*": "{kind: files}",
    "scopes.*": "{source: exports, path: exports/*.csv}",
    "services.*": "{label: Search}",
    "notify": "{notifier: airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier}",
    "options": '{endpoint_url: "https://s3.example"}',
}
_SHAPES = {
    "link": ("is no address of the web", "Begin it with https://."),
    "notifier": ("is no notifier's full name", f"Write module and class, as in {_EXAMPLES['notify'][11:-1]}."),
    "connection": ("is no name of a connection", "Write its id, in letters, digits, _, . and -."),
    "store_view": ("is no code of a store view", "Write one as in default: letters, digits and _, a letter first."),
}
_CONDITIONS = {"rule": "rule: \"status = 'enabled'\"", "where": "where: \"shop = 'web'\""}
_OTHER_WORDS = {"excel": "xlsx", "xls": "xlsx", "json": "jsonl", "ndjson": "jsonl", "tsv": "csv", "full": "complete"}
_OTHER_WORDS |= {
    "all": "complete",
    "latest": "newest",
    "delta": "partial",
    "incremental": "partial",
    "changes": "partial",
}
_OTHER_KEYS = dict.fromkeys(("every", "interval", "cron", "frequency"), "schedule")
_OTHER_KEYS |= {"file": "path", "files": "path", "filter": "where", "fields": "attributes", "columns": "map"}
Words = tuple[str, str]


def reason(finding: ErrorDetails, key: str, shown: str) -> Words:
    """What is wrong, and what to write instead; ``shown`` is the value as it may be shown."""
    kind, context = finding["type"], finding.get("ctx", {})
    if kind in ("greater_than_equal", "less_than_equal", "greater_than"):
        return _out_of_bounds(kind, context, shown)
    if kind == "literal_error":
        return one_of(shown.strip("'"), _choices(str(context["expected"])))
    if kind == "string_pattern_mismatch":
        problem, fix = _SHAPES.get(key, ("is not written as it has to be", "See docs/settings.md."))
        return f"{shown} {problem}.", fix
    return _BY_TYPE.get(kind, _unknown)(finding["input"], key, shown)


def one_of(word: str, known: list[str]) -> Words:
    """A word that is none of those there are, with the one that may have been meant."""
    other = _OTHER_WORDS.get(word.lower(), "")
    near = f"Did you mean {other}?" if other in known else meant(word, known).strip()
    return f"{word!r} is none of {', '.join(known)}.", near or "Write one of these."


def meant(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """The word that ``word`` was nearly, as a question; nothing where there is none."""
    lower = {name.lower().replace("-", "_"): name for name in known}
    near = get_close_matches(word.lower().replace("-", "_").replace(" ", "_"), lower, 1, 0.7)
    if not near and _OTHER_KEYS.get(word.lower()) in known:
        return f"Did you mean {_OTHER_KEYS[word.lower()]}? "
    return f"Did you mean {lower[near[0]]}? " if near else ""


def _choices(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]


def _out_of_bounds(kind: str, context: Mapping[str, Any], shown: str) -> Words:
    if shown in ("nan", "inf", "-inf"):
        return f"{shown} is no number.", "Write one as in 30 or 2.5."
    (bound,) = (f"{bound:g}" for bound in context.values())
    if kind == "less_than_equal":
        return f"{shown} is more than {bound}, the most there can be.", f"Write at most {bound}."
    if kind == "greater_than":
        return f"{shown} is not above {bound}.", f"Write more than {bound}."
    return f"{shown} is less than {bound}, the least there can be.", f"Write at least {bound}."


def _no_text(value: object, key: str, shown: str) -> Words:
    if key in _CONDITIONS and isinstance(value, (bool, int, float, date)):
        return f"is {shown or value}, where a condition is wanted.", f"Write one as in {_CONDITIONS[key]}."
    if value is None:
        fix = "Write one, or take the line out" + (
            " (to leave a column empty: 'null', in quotes)" if key == "map" else ""
        )
        return "has no value.", f"{fix}."
    if isinstance(value, bool):
        word = "yes" if value else "no"
        return f"is {str(value).lower()}, where text is wanted.", f'Put it in quotes, as in "{word}".'
    if isinstance(value, (int, float, date)):
        return f"is {value}, where text is wanted.", f'Put it in quotes: "{value}".'
    what = "a list" if isinstance(value, list) else "keys of its own"
    return f"holds {what}, where one text is wanted.", "Write one text on the line."


def _no_list(value: object, key: str, shown: str) -> Words:
    if isinstance(value, dict):
        return "holds keys, where a list is wanted.", f"Begin each entry with a dash: - {_example(key)}."
    if value is None:
        return "has no value, where a list is wanted.", "Write [] for none."
    fix = f"- {_example(key)}" if key in ("accepts", "notify") else f"[{shown.strip(chr(39))}]"
    return f"is {shown}, where a list is wanted.", f"Write it as in {fix}."


def _no_keys(value: object, key: str, shown: str) -> Words:
    has = "has no value" if value is None else "holds a list" if isinstance(value, list) else f"is {shown}"
    return f"{has}, where keys are wanted.", f"Write them as in {_example(key)}."


def _no_whole_number(value: object, key: str, shown: str) -> Words:
    return f"{shown} is no whole number.", "Write digits alone, as in 200000."


def _no_number(value: object, key: str, shown: str) -> Words:
    return f"{shown or 'its value'} is no number.", "Write one as in 30 or 2.5."


def _no_entry(value: object, key: str, shown: str) -> Words:
    return "has no entry, and needs at least one.", f"Write one as in {_example(key)}."


def _no_sign(value: object, key: str, shown: str) -> Words:
    return f"{shown} is not one sign.", 'Write it as in ";", or "\\t" for a tab.'


def _unknown(value: object, key: str, shown: str) -> Words:
    return f"{shown or 'its value'} cannot be used here.", "`datasync schema` says what can."


def _example(key: str) -> str:
    return _EXAMPLES.get(key, "key: value")


_BY_TYPE: dict[str, Callable[[object, str, str], Words]] = {
    "string_type": _no_text,
    "tuple_type": _no_list,
    "list_type": _no_list,
    "dict_type": _no_keys,
    "model_type": _no_keys,
    "model_attributes_type": _no_keys,
    "int_type": _no_whole_number,
    "int_parsing": _no_whole_number,
    "int_from_float": _no_whole_number,
    "float_type": _no_number,
    "float_parsing": _no_number,
    "finite_number": _no_number,
    "too_short": _no_entry,
    "string_too_long": _no_sign,
    "string_too_short": _no_sign,
}
