"""A settings file, read: YAML to validated keys, with paths made absolute."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from datasync.errors import InvalidSettings, SettingsError
from datasync.settings.keys import Settings
from datasync.settings.kinds import WrittenFile
from datasync.settings.mistakes import settings_error
from datasync.settings.not_yaml import not_yaml
from datasync.settings.options import absolute

DEFAULT_FILE = "datasync.yaml"


class _EachKeyOnce(yaml.SafeLoader):
    """YAML that refuses a key written twice, where a plain loader keeps the last in silence, and names in which YAML
    sees something else, as it does in the Norwegian ``no``.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            self._refuse_other_kind(key)
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            first, second, *_ = (key.start_mark.line + 1 for key, _ in node.value if key.value == twice)
            where = f"on lines {first} and {second}" if first != second else f"on line {first}"
            raise InvalidSettings(str(twice), f"stands twice, {where}.", "Rename or remove one.")
        return super().construct_mapping(node, deep)

    def _refuse_other_kind(self, key: yaml.Node) -> None:
        kind = _KINDS.get(key.tag.removeprefix("tag:yaml.org,2002:"))
        if kind:
            problem = f"on line {key.start_mark.line + 1:,} is {kind} to YAML, where a name is wanted."
            raise InvalidSettings(str(key.value), problem, f'Put it in quotes: "{key.value}".')

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node. What looks like a number or a date and cannot be one is named with its line."""
        try:
            return super().construct_object(node, deep)
        except ValueError:
            value, line = str(node.value), node.start_mark.line + 1
            shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
            problem = f"on line {line:,} is neither a number nor a date that there can be."
            raise InvalidSettings(shown, problem, "Put it in quotes where text is meant.") from None


_SHOWN = 40  # signs of a value
_KINDS = {"bool": "true or false", "int": "a number", "float": "a number", "timestamp": "a date", "null": "nothing"}


def load(path: str | os.PathLike[str] | None = None) -> Settings:
    """Read a settings file; ``path`` defaults to DATASYNC_SETTINGS, then to datasync.yaml in the working folder.

    Raises InvalidSettings or UnknownName.
    """
    file = located(path)
    text = ""
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=_EachKeyOnce)  # noqa: S506 - it is a safe loader
    except FileNotFoundError:
        fix = "Name one with --settings or DATASYNC_SETTINGS, or write one with `datasync init FILE`."
        raise InvalidSettings(str(file), "there is no such settings file.", fix) from None
    except UnicodeDecodeError:
        fix = "Save it as UTF-8, as editors offer with Save as."
        raise InvalidSettings(str(file), "is not written in UTF-8.", fix) from None
    except OSError as error:
        fix = "Mend the file, or name another one."
        raise InvalidSettings(str(file), f"cannot be read: {error.strerror}.", fix) from None
    except InvalidSettings as error:
        error.args = (f"{error} (in {file})",)
        raise
    except RecursionError:
        fix = "Close the brackets that are opened, or write each key on its own line."
        raise InvalidSettings(str(file), "has keys inside of keys, or brackets, without end.", fix) from None
    except yaml.YAMLError as error:
        problem, fix = not_yaml(error, text)
        raise InvalidSettings(str(file), f"is not YAML: {problem}", fix) from None
    try:
        return parse(content, file.parent)
    except SettingsError as error:
        error.args = (f"{error} (in {file})",)
        raise


def located(path: str | os.PathLike[str] | None = None) -> Path:
    """The settings file that ``load`` reads."""
    return Path(path or os.environ.get("DATASYNC_SETTINGS") or DEFAULT_FILE).absolute()


def parse(content: object, folder: Path) -> Settings:
    """Validate the content of a settings file; relative paths resolve against ``folder``.

    Raises InvalidSettings, which tells every mistake that was found, or UnknownName.
    """
    if not isinstance(content, dict):
        raise InvalidSettings("settings", "the file holds no keys.", "Write sources, scopes and services into it.")
    file = WrittenFile(str(folder), content)
    try:
        return Settings.model_validate(_placed(content, file.folder), context=file)
    except ValidationError as error:
        raise settings_error(error, file) from None


def _placed(content: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """The same settings with the folders of store and site absolute."""
    written = {"store": "var/store", "site": "var/site", **content}
    return {**written, **{key: absolute(written[key], folder) for key in ("store", "site")}}
