"""The command line: which commands there are, what each takes, and what its help teaches."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from datasync.cli import admin, audits, figures, holds, rebuilds, runs
from datasync.errors import InvalidSettings
from datasync.store.files import Clock

Command = Callable[[argparse.Namespace, Clock], int]

_TEACHES = """\
first steps:
  datasync init products.csv        write datasync.yaml from your own file
  datasync check                    is everything in order?
  datasync sync --dry-run           what would change?
  datasync sync                     pull, and deliver to every service
  datasync status                   what each service holds now
  datasync why 24-MB01              one product: where is it, and if not, why not?
  datasync publish                  write the report

exit codes:
  0  done
  1  something that nobody foresaw; a traceback says where
  2  mend the settings or the request; trying again changes nothing
  3  something outside did not answer; trying again may help
  4  look at the data: a record, a file or the store
  5  a person has to decide, as about a removal that was held
  130  interrupted: what was finished stands, the next run does the rest

The settings are --settings, else $DATASYNC_SETTINGS, else ./datasync.yaml.
"""


class _Parser(argparse.ArgumentParser):
    """Reports a mistake as every other error is reported: one sentence, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise InvalidSettings("command line", f"{message}.", f"`{self.prog} --help` shows what there is.")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; the parsed namespace has the chosen one as ``command``."""
    top = _Parser(
        prog="datasync",
        allow_abbrev=False,
        description="Moves a catalog to the services that need it, and explains every number it shows.",
        epilog=_TEACHES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "--settings", metavar="PATH", help="the settings file (default: $DATASYNC_SETTINGS, then datasync.yaml)"
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    _settings_commands(commands)
    _run_commands(commands)
    _figure_commands(commands)
    _service_commands(commands)
    _store_commands(commands)
    return top


def _add(commands: Any, name: str, command: Command, says: str, *examples: str) -> argparse.ArgumentParser:
    epilog = "\n  ".join(["examples:", *examples])
    command_parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_parser.set_defaults(command=command)
    return command_parser


def _settings_commands(commands: Any) -> None:
    init = _add(
        commands,
        "init",
        admin.init,
        "write a commented datasync.yaml from samples of your own files",
        "datasync init products.csv",
        "datasync init export/products.jsonl.gz -o shop.yaml",
        "datasync init products_de.csv products_fr.csv",
        "datasync init --service opensearch",
    )
    init.add_argument(
        "files", metavar="FILE", nargs="*", help="CSV, JSON lines, Parquet or XLSX, plain or .gz; each becomes a scope"
    )
    init.add_argument(
        "--service", metavar="KIND", help="print the lines of a service of this kind instead, and write nothing"
    )
    init.add_argument("-o", "--output", metavar="PATH", help="where to write it (default: datasync.yaml)")
    init.add_argument("--force", action="store_true", help="replace a file that is there")
    check = _add(
        commands,
        "check",
        admin.check_,
        "try settings, store, sources, maps and rules out, before a run does; or look for damage in the store",
        "datasync check",
        "datasync check --store",
    )
    check.add_argument("--store", action="store_true", help="read the footer of every file of the store instead")
    check.add_argument("--deep", action="store_true", help="read every byte of the store instead")
    _add(
        commands,
        "schema",
        admin.schema,
        "print the JSON schema of the settings, for editors",
        "datasync schema > datasync.schema.json",
    )


def _run_commands(commands: Any) -> None:
    sync = _add(
        commands,
        "sync",
        runs.sync,
        "pull every scope and deliver what is due to every service",
        "datasync sync",
        "datasync sync --scope en-US --scope de-DE",
        "datasync sync --complete --dry-run",
    )
    sync.add_argument("--scope", metavar="S", action="append", default=[], help="only this scope (may be repeated)")
    sync.add_argument("--complete", action="store_true", help="read everything, also where changes would do")
    sync.add_argument(
        "--dry-run", action="store_true", help="do it all in a store that is thrown away, and say what would change"
    )
    again = _add(
        commands,
        "resync",
        runs.resync_,
        "read again, and if forced deliver again; without --yes it shows the plan only",
        'datasync resync --scope en-US --sku=24-MB01 --reason "Wrong price on the page" --yes',
        "datasync resync --scope en-US --skus list.txt --service search --force --reason WHY",
        "datasync resync --scope en-US --failing --reason WHY",
        "datasync resync --scope en-US --accept-shrink sync-20261124T030000Z-ab12 --reason WHY --yes",
    )
    again.add_argument("--scope", metavar="S", action="append", required=True, help="a scope (may be repeated)")
    again.add_argument(
        "--service", metavar="V", action="append", default=[], help="only this service (may be repeated)"
    )
    picked = again.add_mutually_exclusive_group()
    picked.add_argument(
        "--sku",
        metavar="A",
        action="append",
        default=[],
        help="only this product (may be repeated); --sku=-1 for one that begins with -",
    )
    picked.add_argument("--skus", metavar="FILE", help="only these products, one SKU a line; - reads stdin")
    picked.add_argument("--failing", action="store_true", help="only what failed, was rejected or is in quarantine")
    again.add_argument("--force", action="store_true", help="deliver again what a service holds already")
    again.add_argument(
        "--accept-shrink", metavar="RUN", help="let the removals pass that this run held and lists, and no others"
    )
    again.add_argument("--reason", metavar="R", required=True, help="why, for whoever reads the report")
    again.add_argument("--yes", action="store_true", help="carry it out")


def _figure_commands(commands: Any) -> None:
    publish = _add(
        commands,
        "publish",
        figures.publish,
        "write the report into the settings' site, or as one file to mail",
        "datasync publish",
        "datasync publish --single-file report.html",
    )
    publish.add_argument(
        "--single-file", metavar="FILE", help="the whole report as one HTML file, to about 50,000 products"
    )
    status = _add(
        commands,
        "status",
        figures.status,
        "what each service holds of each scope",
        "datasync status",
        "datasync status --as-of 2026-11-24T03:00:00Z",
        "datasync status --json",
    )
    for command_parser in (publish, status):
        command_parser.add_argument(
            "--as-of", metavar="T", help="at this moment: ISO 8601 with Z or an offset (default: now)"
        )
    why = _add(
        commands,
        "why",
        figures.why_,
        "one product: where is it, since when, and if not, why not",
        "datasync why 24-MB01",
        "datasync why -- -123",
    )
    why.add_argument("sku", metavar="SKU")
    held = _add(
        commands,
        "holds",
        holds.holds_,
        "the removals that wait for a decision; of one run, the products and who accepted them",
        "datasync holds",
        "datasync holds sync-20261124T030000Z-ab12",
    )
    held.add_argument("run", metavar="RUN", nargs="?", help="the run that held the removal, or that accepted it")
    for command_parser in (status, why, held):
        command_parser.add_argument("--json", action="store_true", help="for machines")


def _service_commands(commands: Any) -> None:
    audit = _add(
        commands,
        "audit",
        audits.audit,
        "compare what services really hold with their receipts, and have the next sync mend what differs",
        "datasync audit",
        "datasync audit --service search --scope en-US --full",
    )
    audit.add_argument("--scope", metavar="S", action="append", default=[], help="only this scope (may be repeated)")
    audit.add_argument("--service", metavar="V", action="append", default=[], help="only this one (may be repeated)")
    audit.add_argument("--full", action="store_true", help="compare every product, and not a sample where that will do")
    rebuild = _add(
        commands,
        "rebuild",
        rebuilds.rebuild,
        "fill a service anew beside what it serves, as for another mapping, and serve that in one step",
        "datasync rebuild --service search --scope en-US",
    )
    rebuild.add_argument("--scope", metavar="S", required=True, help="the scope")
    rebuild.add_argument("--service", metavar="V", required=True, help="the service, of a kind that can be rebuilt")
    rebuild.add_argument(
        "--drop-settings", action="store_true", help="let go what somebody set at the place that is served now"
    )


def _store_commands(commands: Any) -> None:
    tidy = _add(
        commands,
        "tidy",
        admin.tidy,
        "delete what the settings no longer keep; `sync` does it too",
        "datasync tidy --dry-run",
    )
    tidy.add_argument("--dry-run", action="store_true", help="only say what would go")
    repair = _add(
        commands,
        "repair",
        admin.repair,
        "set damaged files of the store aside and rebuild what can be rebuilt; without --yes it says what it would do",
        "datasync repair",
        "datasync repair --deep --yes",
    )
    repair.add_argument("--deep", action="store_true", help="read every byte of the store to find the damage")
    repair.add_argument("--yes", action="store_true", help="carry it out")
    withdraw = _add(
        commands,
        "withdraw",
        admin.withdraw,
        "take away what scopes and services hold that left the settings; without --yes it lists them",
        "datasync withdraw",
        "datasync withdraw --yes",
    )
    withdraw.add_argument("--yes", action="store_true", help="carry it out")
