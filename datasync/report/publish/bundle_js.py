"""The page's JavaScript: the templates' ES modules joined into one classic script, because ``file://`` refuses modules.

Each module becomes a function of its own, so that names never meet; an import reads what another module exports. Only
the plain forms are known (``import { a, b } from "./x.js"`` and ``export`` before a declaration); any other raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def join(modules: Mapping[str, str], start: str) -> str:
    """One script that runs ``modules`` (text by name), each after its imports, and then calls ``start`` of ``main``."""
    order: list[str] = []
    _visit("main", modules, order, ())
    parts = [_wrapped(name, modules[name]) for name in order]
    return "\n".join(['"use strict";\n(() => {', *parts, f"$main.{start}();\n}})();\n"])


def _visit(name: str, modules: Mapping[str, str], order: list[str], path: tuple[str, ...]) -> None:
    if name in path:
        raise ValueError(f"Modules import each other in a circle: {' > '.join((*path, name))}.")
    if name in order:
        return
    if name not in modules:
        raise ValueError(f"{path[-1] if path else 'The page'} imports {name}.js, which is not there.")
    for _, other in _IMPORT.findall(modules[name]):
        _visit(other, modules, order, (*path, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    exported = [match[1] for match in _EXPORT.findall(text)]
    body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const { \1 } = $\2;", text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}.js: {other[0]!r} is no form of import or export that is known here.")
    return f"const ${name} = (() => {{\n{body.rstrip()}\nreturn {{ {', '.join(exported)} }};\n}})();"
