"""The order in which a plan becomes public, and how a dead run is finished or undone.

    files staged and durable -> manifest last -> transaction: staged -> folder in place -> transaction: published
    -> pointer flipped -> what was replaced is deleted

The database is the truth. Up to the rename a run can only be undone, after it only be finished; ``recover`` looks at
the folder to tell which. The caller holds the planner's lock throughout, and recovers before it takes a fence number.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vmi.publish import staging
from vmi.publish.ledger import POINTERS, FenceLost, Ledger, RowsLost, RunKind, RunRecord
from vmi.publish.manifest import folder_faults
from vmi.publish.steps import step


def publish_run(ledger: Ledger, run: RunRecord, write: Callable[[Path], bytes]) -> str:
    """Publish a run: stage, record, move into place, record, point.

    Parameters
    ----------
    ledger : Ledger
        The run ledger; the run stands there as ``running``, its plan rows written and invisible.
    run : RunRecord
        The run and the folder its plan is to have.
    write : callable
        Writes and verifies every file but the manifest in the folder it is given, and returns the manifest's bytes.

    Returns
    -------
    str
        The manifest's SHA-256.

    Raises
    ------
    OSError, VerificationFailed, PlaceRefused, FenceLost, RowsLost
        The run is then abandoned, or, where its folder is in place already, left for ``recover`` to finish.
    """
    if not run.folder.is_absolute():
        raise ValueError(f"a run's folder must be absolute, so that any command finds it: {run.folder}")
    try:
        run = _stage(ledger, run, write)
        staging.place(_staging(run), run.folder, run.run_id)
        _mark_published(ledger, run)
    except (Exception, KeyboardInterrupt) as failure:
        _undo(ledger, run, failure)
        raise
    _finish_folders(ledger, run)
    return run.manifest_sha256


def recover(ledger: Ledger, out: Path) -> list[str]:
    """Finish or undo what dead runs left, mend the pointers of ``out``, and clear what is left over.

    Returns
    -------
    list of str
        One sentence for each run that was settled.
    """
    out = out.absolute()
    said = [_settle(ledger, run) for run in ledger.unfinished()]
    for kind in POINTERS:
        _point(ledger, kind, out)
    if out.is_dir():
        staging.clear_leftovers(out)
    return said


def _staging(run: RunRecord) -> Path:
    return staging.staging_folder(run.out, run.run_id)


def _stage(ledger: Ledger, run: RunRecord, write: Callable[[Path], bytes]) -> RunRecord:
    """Write all files durably, the manifest last, and record it; return the run as staged."""
    staging.refuse_foreign(run.folder)
    folder = _staging(run)
    staging.open_staging(folder)
    content = write(folder)
    staging.write_file(folder, staging.MANIFEST, content)
    staging.sync_tree(folder)
    staging.sync_folder(run.out)
    sha256 = hashlib.sha256(content).hexdigest()
    step("transaction staged")
    ledger.mark_staged(run, sha256)
    return replace(run, state="staged", manifest_sha256=sha256)


def _mark_published(ledger: Ledger, run: RunRecord) -> None:
    step("transaction published")
    ledger.mark_published(run)


def _mark_abandoned(ledger: Ledger, run: RunRecord, reason: str) -> None:
    step("transaction abandoned")
    ledger.mark_abandoned(run, reason)


def _in_place(run: RunRecord) -> bool:
    """Return whether the run's own folder, whole, has taken its place."""
    manifest = run.folder / staging.MANIFEST
    if not run.manifest_sha256 or run.folder.is_symlink() or not manifest.is_file():
        return False
    same = hashlib.sha256(manifest.read_bytes()).hexdigest() == run.manifest_sha256
    return same and not folder_faults(run.folder)


def _undo(ledger: Ledger, run: RunRecord, failure: BaseException) -> None:
    """Abandon a failed run whose folder is not in place; one in place waits for ``recover``."""
    try:
        if isinstance(failure, RowsLost):
            staging.retract(_staging(run), run.folder, run.run_id)
        if not _in_place(run):
            _abandon(ledger, run, f"failed: {failure}")
    except Exception as again:
        # The disk or database that failed may fail again; recover does the same work before the next run.
        failure.add_note(f"The run could not be undone at once ({again}); the next command does it.")


def _abandon(ledger: Ledger, run: RunRecord, reason: str) -> None:
    staging.restore_replaced(run.folder, run.run_id)
    staging.discard(_staging(run))
    _mark_abandoned(ledger, run, reason)


def _settle(ledger: Ledger, run: RunRecord) -> str:
    """Finish a dead run whose folder is in place, undo any other; return what was done, in a sentence."""
    if not run.folder.is_absolute():
        _mark_abandoned(ledger, run, "died before it had a folder")
        return f"Run {run.run_id} had died before it had a folder; it was undone."
    if not _in_place(run):
        try:
            _abandon(ledger, run, "died before its folder was in place")
        except FileNotFoundError:
            # A run that only seemed dead has just moved its folder: look again.
            if not _in_place(run):
                raise
        else:
            return f"Run {run.run_id} had died before its plan was in place; it was undone."
    try:
        _mark_published(ledger, run)
    except FenceLost:
        _mark_abandoned(ledger, run, "a later run had taken over")
        return f"Run {run.run_id} had lost its turn to a later run; it was abandoned."
    except RowsLost as lost:
        staging.retract(_staging(run), run.folder, run.run_id)
        _abandon(ledger, run, str(lost))
        return f"Run {run.run_id} could not be published and was undone: {lost}."
    _finish_folders(ledger, run)
    return f"Run {run.run_id} had died after its plan {run.folder.name} was in place; it is published now."


def _finish_folders(ledger: Ledger, run: RunRecord) -> None:
    """After publication: flip the pointer, delete what was replaced."""
    _point(ledger, run.kind, run.out)
    staging.discard(_staging(run))
    staging.discard(staging.replaced_folder(run.out, run.run_id))


def _point(ledger: Ledger, kind: RunKind, out: Path) -> None:
    """Let the pointer name the newest published plan of its kind in ``out``, if there is one."""
    current = ledger.current(kind, out)
    if current is not None and current.folder.is_dir():
        staging.flip_pointer(current.pointer, current.folder.name, current.run_id)
