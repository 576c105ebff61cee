"""What a YAML parser stumbled over, by line, in words for whoever wrote the file."""

from __future__ import annotations

import yaml


def not_yaml(error: yaml.YAMLError, text: str) -> tuple[str, str]:
    """What is wrong and what to write instead; nothing of the file is quoted, because it may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it holds a sign that YAML does not know.", "Write it anew as plain text, in UTF-8."
    problem, opened = str(getattr(error, "problem", "")), getattr(error, "context_mark", None)
    line, context = f"line {mark.line + 1}", str(getattr(error, "context", ""))
    if (number := _odd_blank(text, mark.line)) is not None:
        return f"line {number + 1} begins with a blank that is none to YAML.", "Indent with plain blanks."
    for sign, (what, fix) in _KNOWN.items():
        if sign in problem:
            return f"{line} {what}.", fix
    if "flow" in context and opened:
        end = f"before {line}" if mark.line > opened.line else "there"
        return f"a bracket that line {opened.line + 1} opens is not closed {end}.", "Close it, with } or ]."
    if "quoted scalar" in context and opened:
        return (
            f"a quote that line {opened.line + 1} opens is not closed.",
            "Close it; a quote in a text is written twice.",
        )
    if "block" in context:
        return f"{line} does not stand where the lines before it do.", "Indent what belongs together by as many blanks."
    return f"{line} cannot be understood from column {mark.column + 1} on.", "Put the text there in quotes."


def _odd_blank(text: str, line: int) -> int | None:
    """The number of a line before the mark, or at it, that a blank of another kind indents, as web pages have them."""
    lines = text.splitlines()[: line + 1]
    odd = (
        number
        for number, content in enumerate(lines)
        if content.strip() and set(content[: -len(content.lstrip())]) - set(" \t")
    )
    return next(odd, None)


_KNOWN = {
    "found another document": (
        "begins a second document with ---, and settings are one",
        "Take that line out.",
    ),
    "\\t": ("begins with a tab", "Indent with blanks."),
    "mapping values are not allowed": (
        "has a second colon, or is indented deeper than the one before, or that one has no blank after its colon",
        "Put a text with a colon in quotes; write key: value; indent keys that belong together by as many blanks.",
    ),
    "could not find expected ':'": ("has a key without a colon", "Write it as in key: value."),
    "cannot start any token": ("begins a text with a sign that YAML keeps for itself", "Put the text in quotes."),
    "undefined alias": ("begins a text with *, which names an anchor", "Put the text in quotes."),
    "could not determine a constructor": ("begins a text with !, which names a type", "Put the text in quotes."),
    "unknown escape character": (
        "has a \\ in double quotes that means nothing",
        "Write it twice, or use single quotes.",
    ),
}
