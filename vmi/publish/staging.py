"""Folders that appear whole or not at all.

Files are created exclusively, never through a symbolic link, and made durable one by one. A staged folder takes its
place by one rename; over an older plan by one exchange (``renameat2``), so that no reader ever misses the folder.
What is to be deleted is first renamed away, so that a run that lost its lock cannot move a folder half deleted.
"""

import ctypes
import errno
import filecmp
import os
import shutil
from pathlib import Path

from vmi.publish.steps import step

MANIFEST = "manifest.json"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
_LEFTOVERS = (".staging-*", ".replaced-*", ".trash-*", ".pointer-*")


class PlaceRefused(Exception):
    """What lies where the plan should go is not a plan of ours, and is left alone."""


def staging_folder(out: Path, run_id: int) -> Path:
    """Return where run ``run_id`` stages its files: beside the plans, on the same file system."""
    return out / f".staging-{run_id}"


def open_staging(folder: Path) -> None:
    """Create an empty staging folder, after clearing what an earlier run of that number left."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    discard(folder)
    step(f"make {folder.name}")
    folder.mkdir()


def write_file(folder: Path, name: str, content: bytes) -> None:
    """Create ``folder/name`` with ``content`` and make it durable.

    Parameters
    ----------
    folder : Path
        A staging folder.
    name : str
        A relative path of one or two parts, ``targets.csv`` or ``eta/C1.csv``.
    content : bytes
        The whole file.

    Raises
    ------
    ValueError
        When the name leaves the folder.
    OSError
        When the file is there already, a folder on the way is a link, or the disk is full.
    """
    *parents, file_name = name.split("/")
    if len(parents) > 1 or any(part in ("", ".", "..") or os.sep in part or "\0" in part for part in name.split("/")):
        raise ValueError(f"not a file name inside a plan: {name!r}")
    parent = folder.joinpath(*parents)
    # The folder itself is never made here: where it has gone, a later run has taken over and must not be displaced.
    if parents and not parent.is_dir():
        step(f"make {name.rpartition('/')[0]}")
        parent.mkdir()
    directory = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        step(f"write {name}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(file_name, flags, 0o666, dir_fd=directory)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            step(f"sync {name}")
            os.fsync(stream.fileno())
    finally:
        os.close(directory)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    step(f"sync folder {folder.name}")
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make the names in ``folder`` and in its sub-folders durable, the deepest first."""
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink():
            sync_folder(child)
    sync_folder(folder)


def refuse_foreign(final: Path) -> None:
    """Raise ``PlaceRefused`` where ``final`` is taken by something that is not a plan."""
    if final.is_symlink() or (final.exists() and not final.is_dir()):
        raise PlaceRefused(f"{final} is not a folder: move it away, the plan goes there")
    if final.is_dir() and any(final.iterdir()) and not (final / MANIFEST).is_file():
        raise PlaceRefused(f"{final} holds files but no {MANIFEST}, so it is no plan of ours: move it away")


def place(staging: Path, final: Path, run_id: int) -> None:
    """Put the staged folder in the place of ``final`` in one step; what it replaces is left in the staging's place.

    An existing folder with the very same files is left as it is.
    """
    refuse_foreign(final)
    if not final.exists():
        step(f"rename to {final.name}")
        staging.rename(final)
    elif not same_content(staging, final):
        step(f"exchange with {final.name}")
        if not exchange(staging, final):
            _replace_in_two(staging, final, run_id)
    sync_folder(final.parent)


def _replace_in_two(staging: Path, final: Path, run_id: int) -> None:
    """Replace where the file system cannot exchange; ``restore_replaced`` mends a death between the two renames."""
    step(f"move {final.name} aside")
    final.rename(replaced_folder(final.parent, run_id))
    step(f"rename to {final.name}")
    staging.rename(final)


def replaced_folder(out: Path, run_id: int) -> Path:
    """Return where run ``run_id`` keeps the plan it replaces while the file system cannot exchange folders."""
    return out / f".replaced-{run_id}"


def restore_replaced(final: Path, run_id: int) -> None:
    """Put a replaced plan back where a run died before its own took the place."""
    aside = replaced_folder(final.parent, run_id)
    if aside.is_dir() and not final.exists():
        step(f"restore {final.name}")
        aside.rename(final)
        sync_folder(final.parent)


def retract(staging: Path, final: Path, run_id: int) -> None:
    """Undo ``place``: put back what was there before, or leave nothing."""
    aside = replaced_folder(final.parent, run_id)
    if (staging / MANIFEST).is_file():
        step(f"exchange back {final.name}")
        if not exchange(staging, final):
            _replace_in_two(staging, final, run_id)
    else:
        discard(final)
        if aside.is_dir():
            restore_replaced(final, run_id)
    sync_folder(final.parent)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders atomically; False where the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    result = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def same_content(one: Path, other: Path) -> bool:
    """Return whether two folders hold the same file names with the same bytes, and no links."""
    names = _file_names(one)
    if names is None or names != _file_names(other):
        return False
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def _file_names(folder: Path) -> list[str] | None:
    """Return relative file names in order; None where there is a link among them."""
    found = sorted(folder.rglob("*"))
    if any(path.is_symlink() for path in found):
        return None
    return [str(path.relative_to(folder)) for path in found if not path.is_dir()]


def discard(folder: Path) -> None:
    """Delete a folder beside the plans, renaming it away first; nothing there is no error."""
    if not (folder.exists() or folder.is_symlink()):
        return
    trash = folder.with_name(f".trash-{folder.name.lstrip('.')}")
    _remove(trash)
    step(f"discard {folder.name}")
    folder.rename(trash)
    step(f"delete {folder.name}")
    _remove(trash)


def _remove(path: Path) -> None:
    """Delete a folder with all in it, or a link or file; nothing there is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def clear_leftovers(out: Path) -> None:
    """Delete staging folders, replaced plans and half-made pointers of runs that are over."""
    for pattern in _LEFTOVERS:
        for leftover in sorted(out.glob(pattern)):
            step(f"clear {leftover.name}")
            _remove(leftover)


def flip_pointer(pointer: Path, target: str, run_id: int) -> None:
    """Let the link ``pointer`` name ``target`` in one step; a pointer that does so already is left alone.

    Raises
    ------
    PlaceRefused
        When a real file or folder has the pointer's name.
    """
    if pointer.is_symlink() and os.readlink(pointer) == target:  # noqa: PTH115 (Path.readlink normalises)
        return
    if pointer.exists() and not pointer.is_symlink():
        raise PlaceRefused(f"{pointer} is not a link: move it away, it is to name the newest plan")
    fresh = pointer.with_name(f".pointer-{run_id}")
    fresh.unlink(missing_ok=True)
    step(f"make link {pointer.name}")
    fresh.symlink_to(target)
    step(f"flip {pointer.name}")
    fresh.replace(pointer)
    sync_folder(pointer.parent)
