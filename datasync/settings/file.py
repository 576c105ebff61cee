"""A settings file, read: YAML to validated keys, with paths made absolute."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from datasync.errors import InvalidSettings, SettingsError
from datasync.settings.keys import SOURCES, Keep, Model, Settings
from datasync.settings.mistakes import settings_error
from datasync.settings.not_yaml import not_yaml
from datasync.settings.values import spelled

DEFAULT_FILE = "datasync.yaml"


class _EachKeyOnce(yaml.SafeLoader):
    """YAML that refuses a key written twice, where a plain loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            first, second, *_ = (key.start_mark.line + 1 for key, _ in node.value if key.value == twice)
            where = f"on lines {first} and {second}" if first != second else f"on line {first}"
            raise InvalidSettings(str(twice), f"stands twice, {where}.", "Rename or remove one.")
        return super().construct_mapping(node, deep)


def load(path: str | os.PathLike[str] | None = None) -> Settings:
    """Read a settings file; ``path`` defaults to DATASYNC_SETTINGS, then to datasync.yaml in the working folder.

    Raises InvalidSettings or UnknownName.
    """
    file = Path(path or os.environ.get("DATASYNC_SETTINGS") or DEFAULT_FILE).absolute()
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


def parse(content: object, folder: Path) -> Settings:
    """Validate the content of a settings file; relative paths resolve against ``folder``.

    Raises InvalidSettings, which tells every mistake that was found, or UnknownName.
    """
    if not isinstance(content, dict):
        raise InvalidSettings("settings", "the file holds no keys.", "Write sources, scopes and services into it.")
    try:
        return Settings.model_validate(_absolute(content, folder))
    except ValidationError as error:
        raise settings_error(error) from None


def schema() -> dict[str, Any]:
    """The JSON schema of a settings file, for editors that complete and check YAML."""
    json_schema = Settings.model_json_schema()
    models: tuple[type[Model], ...] = (Settings, Keep, *SOURCES.values())
    for model in models:
        properties = (json_schema if model is Settings else json_schema["$defs"][model.__name__])["properties"]
        for name, key in model.model_fields.items():
            if isinstance(key.default, timedelta):
                properties[name]["default"] = spelled(key.default)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema}


def _absolute(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same settings with local paths absolute; what cannot be understood is left for validation to name."""
    absolute = {"store": "var/store", "site": "var/site", **content}
    for key in ("store", "site"):
        absolute[key] = _path(absolute[key], folder)
    sources = {k: v for k, v in _mapping(absolute.get("sources")).items() if isinstance(v, dict)}
    roots = {k: _path(v.get("root", ""), folder) for k, v in sources.items() if v.get("kind") == "files"}
    absolute["sources"] = {k: _beside(v, folder) for k, v in _mapping(absolute.get("sources")).items()} or absolute.get(
        "sources"
    )
    absolute["scopes"] = {
        k: _placed(v, "path", roots, folder) for k, v in _mapping(absolute.get("scopes")).items()
    } or absolute.get("scopes")
    absolute["services"] = {
        k: _placed(v, "export", {}, folder) for k, v in _mapping(absolute.get("services")).items()
    } or absolute.get("services")
    return absolute


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _placed(part: object, key: str, roots: Mapping[str, str], folder: Path) -> object:
    if part is None:
        return {}
    if not isinstance(part, dict) or not isinstance(part.get(key), str):
        return part
    root = roots.get(str(part.get("source")), str(folder))
    return {**part, key: _path(part[key], root)}


def _beside(source: object, folder: Path) -> object:
    """A source whose url names a SQLite file, which lies beside the settings unless its path is absolute."""
    url = source.get("url") if isinstance(source, dict) else None
    address = re.fullmatch(r"(sqlite(?:\+\w+)?:///)(?!/)(.+)", url) if isinstance(url, str) else None
    return {**_mapping(source), "url": f"{address[1]}{_path(address[2], folder)}"} if address else source


def _path(path: object, folder: str | Path) -> Any:
    if not isinstance(path, str) or "://" in path or os.path.isabs(path):
        return path
    return f"{folder}/{path}" if "://" in str(folder) else os.path.normpath(os.path.join(folder, path))
