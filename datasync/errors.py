"""Every error datasync raises on purpose, grouped by what its reader can do about it.

    DatasyncError
    ├── SettingsError     mend the settings or the request; trying again changes nothing     exit code 2
    ├── TransientError    something outside did not answer; trying again may help            exit code 3
    ├── DataError         look at a record, a file or the store                              exit code 4
    └── DecisionError     a person has to decide, as about a held removal                    exit code 5

Airflow's retry policy and the shell's exit codes both follow these four groups. Each error keeps its facts as
attributes, and says what was given, what is known and what to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from difflib import get_close_matches


class DatasyncError(Exception):
    """The root: catch it to catch whatever datasync says on purpose."""

    exit_code = 1


class SettingsError(DatasyncError):
    """The settings, or what was asked for, cannot work as given."""

    exit_code = 2


class TransientError(DatasyncError):
    """Something outside gave no answer this time."""

    exit_code = 3


class DataError(DatasyncError):
    """The data stand in the way: a file, a record or the store itself needs a look."""

    exit_code = 4


class DecisionError(DatasyncError):
    """Nothing is broken, but only a person may let it go on."""

    exit_code = 5


class TooManyForOneFile(SettingsError):
    """A report of this size is no file to mail."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The report has more than {most:,} products, and one file with all of them would open slowly, if at all. "
            "Publish the folder (`datasync publish`) and send a link to its index.html, or the folder zipped: "
            "unzipped, it opens from any disk."
        )


class UnknownName(SettingsError):
    """A source, scope, service or kind is named that the settings do not have."""

    def __init__(self, what: str, name: str, known: Collection[str], fix: str) -> None:
        self.what, self.name, self.known = what, name, sorted(known)
        lower = {known_name.lower(): known_name for known_name in self.known}
        near = "".join(
            f"Did you mean {lower[known_name]}? " for known_name in get_close_matches(name.lower(), lower, 1, 0.7)
        )
        super().__init__(f"No {what} is called {name!r}. {near}Known: {', '.join(self.known) or 'none'}. {fix}")


class InvalidSettings(SettingsError):
    """One key of the settings file cannot be used; the message names it, what was given and the fix."""

    def __init__(self, key: str, problem: str, fix: str) -> None:
        self.key, self.problem, self.fix = key, problem, fix
        super().__init__(f"{key}: {problem} {fix}".rstrip())


class UnusableKind(SettingsError):
    """A kind of source or service is declared, and its package does not give it."""

    def __init__(self, kind: str, problem: str, fix: str) -> None:
        self.kind, self.problem, self.fix = kind, problem, fix
        super().__init__(f"The kind {kind!r} {problem}. {fix}")


class HoldWithoutList(SettingsError):
    """A hold cannot be accepted, because nothing says which products it would remove."""

    def __init__(self, run: str, where: str) -> None:
        self.run, self.where = run, where
        super().__init__(
            f"The hold of run {run} in {where} has no list of the products that it would remove: an older version made "
            "it, or the list was taken away. So nobody can know what to accept, and nothing was changed. Sync again "
            "with `datasync sync --complete`, and accept the hold that this makes."
        )


class InvalidExpression(SettingsError):
    """A rule or a map is not one scalar SQL expression over known fields."""

    def __init__(self, key: str, expression: str, problem: str, fix: str | None = None) -> None:
        self.key, self.expression, self.problem = key, expression, problem
        super().__init__(
            f"{key}: {expression!r} cannot be used: {problem}{'' if problem.endswith('?') else '.'} "
            f"{_ONE_VALUE if fix is None else fix}".rstrip()
        )


_ONE_VALUE = (
    "A rule or map is one scalar SQL expression, as in price > 0 and status = 'enabled': no subquery, no table "
    "function, no aggregate, nothing that changes from call to call."
)


class MissingField(SettingsError):
    """A complete snapshot has no record with a field that the scope's map or attributes name.

    Without ``is_mapped``, nobody named it: the column needs a field, and there is none of its own name.
    ``suspicion`` says what may be wrong with the file.
    """

    def __init__(
        self,
        scope: str,
        column: str,
        field: str,
        known: Collection[str],
        *,
        is_mapped: bool = True,
        suspicion: str | None = None,
    ) -> None:
        self.scope, self.column, self.field, self.known = scope, column, field, sorted(known)
        lower = {name.lower(): name for name in self.known}
        near = "".join(f"Did you mean {lower[name]!r}? " for name in get_close_matches(field.lower(), lower, 1, 0.7))
        mend = f"Map {column} to one of them under scopes.{scope}.map, or take it out."
        if column in ("attributes", "volatile", "where", "group_by", "fill_down", "collect"):
            mend = f"Name one of them under scopes.{scope}.{column}, or take it out."
        problem = f"no record has the field {field!r}, which {column} needs."
        if not is_mapped:
            problem = f"{column} is not mapped, and no record has a field of that name."
            quoted = f"where blanks or signs are in it, as {column}: '\"FIELD\"'"
            mend = f"Say which of them it is under scopes.{scope}.map, as {column}: FIELD, or {quoted}"
        hint = f"{suspicion or _one_field(self.known)} ".lstrip()
        fields = ", ".join(self.known) or "none"
        super().__init__(f"scopes.{scope}: {problem} {near}Fields of this source: {fields}. {hint}{mend}")


def _one_field(known: list[str]) -> str:
    """What may be wrong where all cells of a header are taken for one."""
    sign = next((sign for sign in ",;\t|" if len(known) == 1 and known[0].count(sign) > 1), None)
    return f"That is one field: is the delimiter {sign!r}?" if sign else ""


class MissingConnection(SettingsError):
    """The settings name a connection that neither Airflow nor the environment has."""

    def __init__(self, name: str, variable: str) -> None:
        self.name, self.variable = name, variable
        super().__init__(
            f"There is no connection called {name!r}. In Airflow, add one with that id under Admin, Connections. In a "
            f"shell, set {variable} to its URI (type://login:password@host:port/schema?key=value, each part "
            'percent-encoded) or to JSON ({"conn_type": ..., "host": ..., "login": ..., "password": ..., "extra": {}}).'
        )


class InvalidConnection(SettingsError):
    """A connection cannot be used as it is; the message names it and never what it holds."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"The connection {name!r} {problem}. Mend it where it is kept.")


class SourceRefused(SettingsError):
    """A source refuses what the settings request of it; ``status`` is that of its response."""

    def __init__(self, source: str, status: int, problem: str, fix: str = "") -> None:
        self.source, self.status, self.problem = source, status, problem
        super().__init__(f"sources.{source}: {problem}. {fix or 'Look at its connection and at the scope.'}")


class AccessDenied(SourceRefused):
    """A source does not let the connection in, or not to what is asked for."""

    def __init__(self, source: str, status: int, problem: str) -> None:
        fix = "Look at the login and the secrets in its connection, and at what this login may read there."
        super().__init__(source, status, problem, fix)


class ServiceRefused(SettingsError):
    """A service does not let the connection in, or what answers at its place is something else; nothing was taken."""

    def __init__(self, service: str, problem: str) -> None:
        self.service, self.problem = service, problem
        super().__init__(
            f"services.{service}: {problem}. What was sent stays due. Look at its connection, and at the place that "
            "its settings name."
        )


class SourceUnavailable(TransientError):
    """A source did not answer, or broke off."""


class StoreUnavailable(TransientError):
    """The store did not answer, or lost the race too often."""


class DiskUnavailable(StoreUnavailable):
    """A disk is full, or may only be read, or is not there; ``place`` says which."""

    def __init__(self, place: str, problem: str) -> None:
        self.place, self.problem = place, problem
        super().__init__(
            f"{place} cannot be used: {problem}. What was written before stands, and nothing else was recorded. Make "
            "room there, or make it writable again; the next run goes on."
        )


class ScratchUnavailable(TransientError):
    """There is no room for files in the making, or for what does not fit into memory."""

    def __init__(self, place: str, problem: str) -> None:
        self.place, self.problem = place, problem
        super().__init__(
            f"{place}, where files in the making stand, cannot be used: {problem}. Nothing of this step was recorded. "
            "Make room there, or set TMPDIR to a folder that has some; the next run goes on."
        )


class ServiceUnavailable(TransientError):
    """A service did not answer; what was being delivered is recorded as failed and stays due."""


class ServiceBroken(DataError):
    """A service gave answers that cannot be true, so none of its batch is believed."""

    def __init__(self, service: str, problem: str) -> None:
        self.service, self.problem = service, problem
        super().__init__(
            f"services.{service}: its answers cannot be true: {problem}. None of this batch counts as delivered, and "
            "all of it is due again. Mend the service, or the code of its kind."
        )


class RebuildDiffers(DataError):
    """A rebuilt place does not hold what it said that it took."""

    def __init__(self, scope: str, service: str, counted: int, held: int) -> None:
        self.scope, self.service, self.counted, self.held = scope, service, counted, held
        super().__init__(
            f"services.{service}: what was rebuilt of {scope} holds {counted:,} products, and it has taken {held:,}. "
            "It was dropped, and what is served is as it was. Does somebody else write there? Then rebuild it again."
        )


class TargetChanged(SettingsError):
    """A service's settings point to another place than the one that its receipts tell of."""

    def __init__(
        self, scope: str, service: str, before: str, after: str, held: int, *, can_rebuild: bool = False
    ) -> None:
        self.scope, self.service, self.before, self.after = scope, service, before, after
        rebuild = f"`datasync rebuild --scope {scope} --service {service}`, or " if can_rebuild else ""
        super().__init__(
            f"services.{service}: its products of {scope} went to {before!r}, where {held:,} are held by the receipts, "
            f"and the settings point to {after!r} now. Put the settings back, or have everything delivered to the new "
            f"place: {rebuild}`datasync resync --scope {scope} --service {service} --force --reason ... --yes`. What "
            "the former place holds stays there."
        )


class NoFiles(DataError):
    """A scope's pattern matches nothing, which is never taken for an empty catalog."""

    def __init__(self, scope: str, path: str) -> None:
        self.scope, self.path = scope, path
        super().__init__(f"scopes.{scope}.path: {_nothing_at(path)}")


def _nothing_at(path: str) -> str:
    if os.path.isdir(path) or re.fullmatch(r"s3://[^/]+/?", path):
        place = "bucket" if "://" in path else "folder"
        return f"{path!r} is a {place}. Nothing was changed. Say which files in it, as in {path.rstrip('/')}/*.csv."
    return f"no file matches {path!r}. Nothing was changed. Check the path, or wait for the export."


class UnreadableFile(DataError):
    """A file of a complete catalog cannot be read; it is named, with the line where reading stopped."""

    def __init__(self, path: str, reason: str, fix: str = "Export it again, or take it away.") -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} cannot be read: {reason}. Nothing was changed. {fix}")


class TooManyFields(DataError):
    """Records have so many fields that reading them takes more memory than there is."""

    def __init__(self, scope: str, fields: int, memory: str) -> None:
        self.scope, self.fields, self.memory = scope, fields, memory
        super().__init__(
            f"scopes.{scope}: its records have {fields:,} fields, and reading as many takes more memory than "
            f"DATASYNC_MEMORY lets it ({memory}). Nothing was changed. Set it to more, or export fewer columns."
        )


class RecordsLost(DataError):
    """The reader gave another number of records than its source holds: a mistake of datasync's own."""

    def __init__(self, scope: str, holds: int, read: int, rejected: int) -> None:
        self.scope, self.holds, self.read, self.rejected = scope, holds, read, rejected
        super().__init__(
            f"scopes.{scope}: the source holds {holds:,} records, and reading gave {read + rejected:,} ({read:,} rows, "
            f"{rejected:,} passed over). This is a mistake of datasync, not of the data. Nothing was changed. Report "
            "it, with the file or the query if you may; until it is mended, another format of the export may do."
        )


class UnfitValue(DataError):
    """A value that a database or its driver cannot give, and that takes the rows after it along."""

    def __init__(self, scope: str, relation: str, column: str | None, code: str) -> None:
        self.scope, self.relation, self.column, self.code = scope, relation, column, code
        place = f"the column {column!r} of {relation}" if column else relation
        remedy = f"casts it, as in CAST({column} AS VARCHAR(100)), or leaves it out" if column else "leaves it out"
        super().__init__(
            f"scopes.{scope}: {place} has a value that its database, or the driver, cannot give ({code}), and no row "
            f"comes after it. Nothing was changed. Mend the value, or write a `query:` that {remedy}."
        )


class UnexpectedAnswer(DataError):
    """A source answers, but not as its interface promises, so that what it gives can't be trusted to be everything."""

    def __init__(self, source: str, problem: str) -> None:
        self.source, self.problem = source, problem
        super().__init__(
            f"sources.{source}: {problem}. Nothing was changed. Check the version of the source, and any proxy before "
            "it."
        )


class LogDamaged(DataError):
    """A log misses a number that should be there, or an entry is not what was written."""


class FileDamaged(LogDamaged):
    """A file of the store is not what was written; ``path`` names it."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path} in the store {problem}. `datasync check --store` says what else is damaged and what that costs, "
            "`datasync repair` what can be done; or restore the file from a backup."
        )


class RequestLost(DataError):
    """A resync cannot go on, because what was asked for stood in a file that was lost."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(f"The request of {run} was lost, and the run rebuilt without it. Ask for the resync again.")


class CatalogUnverified(DataError):
    """A catalog was repaired and not read whole since, so nobody is delivered from it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(
            f"scopes.{scope}: its catalog was repaired, and not read whole since. Nothing is delivered until a "
            "complete pull is in it: the next `datasync sync` asks for one."
        )


class RepairCutOff(DataError):
    """A repair of a catalog was ended before it had applied all snapshots again, so nobody is delivered from it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(
            f"scopes.{scope}: the repair of its catalog was cut off. Nothing is delivered until it has been done: "
            "`datasync repair --yes` does the rest."
        )


class Unexplained(DataError):
    """The balance of a service does not come out: a number on the page has no explanation."""

    def __init__(self, gaps: Collection[str]) -> None:
        self.gaps = list(gaps)
        super().__init__(
            f"The numbers do not add up: {'; '.join(self.gaps)}. The page shows it in red. Look at the receipt log of "
            "that service and scope (an entry was changed by hand, or damaged); `datasync why SKU` shows a product's "
            "entries."
        )


class RunFailed(DatasyncError):
    """At least one scope or service of a run failed; the sentences of each stand in the message and on the page."""

    def __init__(self, run: str, sentences: Collection[str]) -> None:
        self.run, self.sentences = run, list(sentences)
        super().__init__(f"Run {run} did not succeed: {' | '.join(self.sentences)}")


class RebuildHeld(DecisionError):
    """A rebuilt place would lack more of what its service holds than the volume guard lets go."""

    def __init__(self, scope: str, service: str, lacking: int, held: int) -> None:
        self.scope, self.service, self.lacking, self.held = scope, service, lacking, held
        super().__init__(
            f"services.{service}: what was rebuilt of {scope} would lack {lacking:,} of the {held:,} products that are "
            "held now, because its rules no longer accept them or its new mapping does not take them. Nothing was "
            "switched. If they are to go, let them go first: `datasync sync`, then `datasync holds`. Else mend the "
            "rules or the mapping. Then rebuild again, which goes on where it stopped."
        )


class RequestTooLate(DecisionError):
    """A snapshot is older than what the catalog log still remembers of later pulls, so it may not be applied."""
