"""``init``, ``check``, ``schema``, ``tidy`` and ``withdraw``: the settings, and what the store keeps of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from datasync import settings, starter
from datasync.check import check
from datasync.check.undecided import undecided
from datasync.cli.runs import run_id, user
from datasync.cli.screen import say, say_json
from datasync.delivery.withdraw import Leftover
from datasync.errors import DataError, InvalidSettings
from datasync.pipeline import Pipeline
from datasync.quantity import quantity
from datasync.starter import Choice, Plan
from datasync.starter.listing import listed
from datasync.store.files import Clock
from datasync.store.kinds import LOST


def init(args: argparse.Namespace, clock: Clock) -> int:
    """Write a settings file made from samples of the user's own files, or print the lines of a service."""
    if args.service:
        for line in settings.service_lines(args.service):
            say(line)
        return 0
    if not args.files:
        fix = "Name your own files, as in datasync init products.csv, or a kind, as in --service feed."
        raise InvalidSettings("command line", "init needs a FILE.", fix)
    path = Path(args.output or settings.DEFAULT_FILE)
    plans = starter.start(args.files, path, clock(), force=args.force)
    for plan in plans:
        export = f", an export of {plan.system}" if plan.system else ""
        say(f"{path} was written for {plan.file}{export}, as the scope {plan.name}:")
        for line in (*_how_it_is_read(plan), *_what_is_mapped(plan)):
            say(f"  {line}")
    command = "datasync" if str(path) == settings.DEFAULT_FILE else f"datasync --settings {path}"
    if columns := [choice.column for plan in plans for choice in plan.choices if choice.is_left]:
        listed_once = ", ".join(dict.fromkeys(columns))
        say(f"Decide in {path}: {listed_once}. Each has lines to choose from; without one, nothing is taken for it.")
    say(f"Next: {command} check, then {command} sync, then {command} publish")
    return 0


def _how_it_is_read(plan: Plan) -> Iterator[str]:
    """What was decided for a file as a whole: its name, encoding, header, and which records are left out."""
    if plan.pattern:
        dated = "* stands for the date in its name: the newest such file is the catalog"
        yield f"path: {plan.pattern}, snapshot: newest ({dated})"
    if encoding := plan.sample.kind.encoding:
        yield f"encoding: {encoding} (told from its bytes, as in {', '.join(plan.sample.kind.words)})"
    if title := plan.sample.kind.title:
        yield f"header_line: {title.header_line} ({title.sentence})"
    if plan.view.where:
        yield f"where: {plan.view.where}"
    if plan.sample.total:
        leaves = "It is left out by" if plan.leaves_total_out else "Leave it out with"
        yield f"{plan.sample.total.sentence}. {leaves} where: {plan.total_where}"


def _what_is_mapped(plan: Plan) -> Iterator[str]:
    """What was decided for each column, and which fields are not taken."""
    for choice in plan.choices:
        yield from _chosen(choice)
    see = {name: f"; {hint}" for name, hint in plan.suggested.items()}
    yield from (f"not mapped: {name} {words}{see.get(name, '')}" for name, words in plan.yes_or_no.items())
    if plan.unmapped:
        yield f"not taken: {listed(plan.unmapped)} (name those that are needed under attributes)"


def _chosen(choice: Choice) -> Iterator[str]:
    """What was decided for a column, with three values as they were understood, or what it could be."""
    note = f" ({choice.note})" if choice.note else ""
    options = [
        ": ".join(filter(None, (option.sql, "; ".join(filter(None, (option.remark, *option.samples))))))
        for option in choice.options
    ]
    if choice.sql and choice.sql != "null":
        yield f"{choice.column}: {choice.sql}{note}"
        yield from (f"    {sample}" for sample in choice.samples)
        yield from (f"    or {option}" for option in options)
    elif choice.note:
        yield f"{choice.column}: NOT MAPPED: {choice.note}"
        yield from (f"    {option}" for option in options)


def check_(args: argparse.Namespace, clock: Clock) -> int:
    """Check everything. The exit code is SettingsError's for a problem, and DataError's for damage in the store."""
    pipeline = Pipeline.open(args.settings, clock)
    if args.store or args.deep:
        return _check_store(pipeline, deep=args.deep)
    sync_settings = pipeline.settings
    say(f"ok       settings: scopes {', '.join(sync_settings.scopes)}; services {', '.join(sync_settings.services)}")
    problems = 0
    of_text = undecided(settings.located(args.settings).read_text(encoding="utf-8-sig"), sync_settings)
    for finding in chain(check(pipeline.store, sync_settings, clock(), pipeline.credentials), of_text):
        say(f"{finding.level:<8} {finding.where}: {finding.sentence}")
        problems += finding.level == "problem"
    say(f"Problems: {problems}. Mend them before the next run." if problems else "In order.")
    return 2 if problems else 0


def _check_store(pipeline: Pipeline, *, deep: bool) -> int:
    damages = pipeline.damages(deep=deep)
    for damage in damages:
        say(f"problem  {damage}")
    if damages:
        say(f"Damaged, missing or foreign files: {len(damages):,}. `datasync repair` says what can be done about them.")
        return DataError.exit_code
    say(f"Every file of the store is there and {'as it was written' if deep else 'has a whole footer'}.")
    _say_unverified(pipeline)
    return 0


def repair(args: argparse.Namespace, clock: Clock) -> int:
    """Say what would be done about the damage in the store, or with ``--yes`` do it."""
    pipeline, is_damaged = Pipeline.open(args.settings, clock), False
    for sentence in pipeline.repair(run_id("repair", clock), user(), deep=args.deep, carry_out=args.yes):
        say(sentence)
        is_damaged = True
    if not is_damaged:
        say("Nothing is damaged that shows in the files. `datasync repair --deep` reads every byte.")
        _say_unverified(pipeline)
    elif not args.yes:
        say("Nothing was changed. To carry it out, add --yes.")
    else:
        _say_unverified(pipeline)
        say(f"Repaired. What was set aside is in {LOST} in the store. Next: datasync sync")
    return 0


def _say_unverified(pipeline: Pipeline) -> None:
    for doubt in pipeline.unverified():
        say(f"{doubt.scope}: {doubt.sentence}")


def schema(args: argparse.Namespace, clock: Clock) -> int:
    """The JSON schema of a settings file."""
    say_json(settings.schema())
    return 0


def tidy(args: argparse.Namespace, clock: Clock) -> int:
    """Delete what the settings no longer keep, or say what that would be."""
    removed = Pipeline.open(args.settings, clock).tidy(dry_run=args.dry_run)
    written = removed.pop("checkpoints_written", 0)
    counts = ", ".join(f"{what} {count:,}" for what, count in removed.items() if count)
    say(f"{'Would delete' if args.dry_run else 'Deleted'}: {counts or 'nothing'}.")
    if written:
        say(f"Checkpoints {'to be written' if args.dry_run else 'written'}: {written:,}.")
    return 0


def withdraw(args: argparse.Namespace, clock: Clock) -> int:
    """List what is no longer configured and still held, or with ``--yes`` take it away."""
    pipeline = Pipeline.open(args.settings, clock)
    leftovers = pipeline.withdraw(run_id("withdraw", clock)) if args.yes else pipeline.leftovers()
    for leftover in leftovers:
        say(f"{_named(leftover)}: {quantity(leftover.held, 'product')} {'taken away' if args.yes else 'held'}")
    for left in pipeline.left_behind():
        where = f"{left.service} in {left.scope}, at {left.place!r}"
        say(f"{where}: {quantity(left.held, 'product')} left there by run {left.run}; nothing takes them away")
    if not leftovers:
        say("Nothing is held that the settings do not name.")
    elif not args.yes:
        say("Nothing was changed. To take them away, add --yes.")
    return 0


def _named(leftover: Leftover) -> str:
    return f"{leftover.service} in {leftover.scope}" if leftover.service else f"the catalog of {leftover.scope}"
