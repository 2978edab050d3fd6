"""Folders appear whole or not at all, and nothing that is not ours is touched."""

from pathlib import Path

import pytest

from vmi.publish import staging
from vmi.publish.staging import PlaceRefused


def plan(folder: Path, content: str = "one") -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(content)
    return folder


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b/c", "eta/../x", "", "eta/", "."])
def test_a_file_is_written_inside_the_folder_or_not_at_all(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a file name inside a plan"):
        staging.write_file(tmp_path, name, b"")


def test_a_file_is_never_written_over_another_or_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "staging"
    folder.mkdir()
    (folder / "link.csv").symlink_to(outside / "target.csv")
    (folder / "eta").symlink_to(outside)
    for name in ("link.csv", "eta/C1.csv"):
        with pytest.raises(OSError):
            staging.write_file(folder, name, b"content")
    staging.write_file(folder, "targets.csv", b"first")
    with pytest.raises(FileExistsError):
        staging.write_file(folder, "targets.csv", b"second")
    assert (folder / "targets.csv").read_bytes() == b"first"
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_new_plan_takes_the_place_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(staging, "exchange", lambda one, other: False)
    final, fresh = plan(tmp_path / "2026-11-20", "old"), plan(tmp_path / ".staging-2", "new")
    staging.place(fresh, final, 2)
    assert (final / "manifest.json").read_text() == "new"
    staging.clear_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["2026-11-20"]


def test_the_same_plan_is_left_as_it_is(tmp_path: Path) -> None:
    final, fresh = plan(tmp_path / "2026-11-20"), plan(tmp_path / ".staging-2")
    before = (final / "manifest.json").stat().st_ino
    staging.place(fresh, final, 2)
    assert (final / "manifest.json").stat().st_ino == before


def test_a_death_between_two_renames_is_mended(tmp_path: Path) -> None:
    final = tmp_path / "2026-11-20"
    plan(tmp_path / ".replaced-2", "old")
    staging.restore_replaced(final, 2)
    assert (final / "manifest.json").read_text() == "old"


def test_what_is_no_plan_of_ours_is_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "2026-11-20"
    notes.mkdir()
    (notes / "notes.txt").write_text("mine")
    with pytest.raises(PlaceRefused, match="no manifest"):
        staging.place(plan(tmp_path / ".staging-2"), notes, 2)
    link = tmp_path / "2026-11-21"
    link.symlink_to(notes)
    with pytest.raises(PlaceRefused, match="is not a folder"):
        staging.refuse_foreign(link)
    assert (notes / "notes.txt").read_text() == "mine"


def test_a_link_in_a_folder_makes_it_different(tmp_path: Path) -> None:
    one, other = plan(tmp_path / "one"), plan(tmp_path / "other")
    assert staging.same_content(one, other)
    (other / "manifest.json").unlink()
    (other / "manifest.json").symlink_to(one / "manifest.json")
    assert not staging.same_content(one, other)


def test_the_pointer_is_replaced_and_never_a_file_of_somebody_else(tmp_path: Path) -> None:
    pointer = tmp_path / "latest"
    staging.flip_pointer(pointer, "2026-11-20", 1)
    staging.flip_pointer(pointer, "2026-11-21", 2)
    assert pointer.readlink() == Path("2026-11-21")
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(PlaceRefused, match="is not a link"):
        staging.flip_pointer(taken, "2026-11-21", 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["latest", "taken"]


def test_an_old_staging_folder_is_cleared_before_a_new_one_opens(tmp_path: Path) -> None:
    folder = tmp_path / "out" / ".staging-1"
    plan(folder)
    staging.open_staging(folder)
    assert list(folder.iterdir()) == []
    assert [p.name for p in folder.parent.iterdir()] == [".staging-1"]
