"""The fields of images: one, several that are numbered, and one with further images beside it."""

from __future__ import annotations

import re

from datasync.starter.addresses import are_incomplete, plain_forms, to_complete
from datasync.starter.choice import Choice
from datasync.starter.forms import by_form, by_forms
from datasync.starter.names import is_further_image, ranked
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field
from datasync.starter.spelling import plain


def images(choices: OpenChoices, column: str) -> Choice | None:
    """The field of images; of those that are numbered (``Bild 1``, ``Bild 2``) all, behind one without a number."""
    main, numbered = by_forms(choices, column), _numbered_pictures(choices)
    is_plain = bool(main and main.sql and main.sql in plain_forms(choices.spell(choices.sample.field(main.fields[0]))))
    if not numbered or (main and main.sql and not is_plain):
        return _with_further(choices, main) if main and is_plain else main
    fields = [choices.sample.field(name) for name in (main.fields if main and main.sql else ())] + numbered
    if len(fields) == 1:
        return by_form(choices, column, fields[0])
    listed = f"list_filter([{', '.join(map(choices.spell, fields))}], lambda element: element <> '')"
    filled = next(filter(lambda field: field.filled, fields), fields[0])
    if are_incomplete(fields):
        return to_complete(column, [filled, *(field for field in fields if field is not filled)], listed, is_list=True)
    return Choice(column, listed, (filled.name, *(field.name for field in fields if field is not filled)))


def _with_further(choices: OpenChoices, main: Choice) -> Choice:
    """The field of images with those that stand in another field beside it, one or several in a value."""
    others = [field for field in choices.free() if is_further_image(field.name) and field.name not in main.fields]
    further = next((choice for field in others if (choice := by_form(choices, "images", field)).sql), None)
    if not further:
        return main
    is_plain = further.sql == choices.spell(choices.sample.field(further.fields[0]))
    listed = f"[{further.sql}]" if is_plain else further.sql
    sql = f"list_filter(list_concat([{main.sql}], {listed}), lambda element: element <> '')"
    return Choice("images", sql, (*main.fields, *further.fields))


def _numbered_pictures(choices: OpenChoices) -> list[Field]:
    """The fields of images that are numbered, in order, those too that no record fills; none if they hold no images."""
    numbers = {field.name: _picture_number(field.name) for field in choices.untaken()}
    fields = [field for field in choices.untaken() if numbers[field.name] is not None]
    if not all(map(_holds_pictures, fields)) or (choices.sample.records and not any(field.filled for field in fields)):
        return []
    return sorted(fields, key=lambda field: numbers[field.name] or 0)


def _picture_number(header: str) -> int | None:
    """The number in a header that is a word for images beside it, as in ``Bild 1``, ``image_2_url`` or ``Foto3``."""
    parts = re.fullmatch(r"(\D+?)_?(\d+)(_\D+)?", plain(header))
    is_picture = parts and any(parts[1] + (parts[3] or "") in names for names in ranked("images"))
    return int(parts[2]) if parts and is_picture else None


def _holds_pictures(field: Field) -> bool:
    """Whether all examples are addresses or files; a field that nothing fills has none that is not."""
    return all(
        re.match(r"(https?:)?//|www\.|/", example) or re.search(r"\.\w{3,4}$", example) for example in field.examples
    )
