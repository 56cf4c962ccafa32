"""The state directory: private, and on a disk of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.errors import JournalError
from scheduler.journal.sqlite import directory
from scheduler.journal.sqlite.directory import filesystem_of, make_private

MOUNTS = r"""
21 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
22 21 0:20 / /home rw - nfs4 files:/home rw
23 21 0:21 / /home/me/local\040disk rw shared:5 master:2 - xfs /dev/sdb rw
24 21 0:22 / /over rw - ext4 /dev/sdc rw
25 21 0:23 / /over rw - fuse.sshfs host:/ rw
a line that means nothing
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS)
    return file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/x", "ext4"),
        ("/home/me", "nfs4"),
        ("/homestead", "ext4"),
        ("/home/me/local disk/x", "xfs"),
        ("/over/x", "fuse.sshfs"),
    ],
)
def test_the_deepest_and_latest_mount_holds_a_path(mounts: Path, path: str, kind: str) -> None:
    assert filesystem_of(Path(path), mounts) == kind


def test_where_mounts_cannot_be_read_the_file_system_is_unknown(tmp_path: Path) -> None:
    assert filesystem_of(tmp_path, tmp_path / "nothing") is None


def test_a_new_directory_is_ours_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_enter_is_closed_to_them(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir(mode=0o755)
    make_private(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    with pytest.raises(
        JournalError, match=r"state cannot be used: File exists; name another with --state-dir"
    ):
        make_private(file)


def test_another_user_s_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(JournalError, match=r"belongs to user \d+, not to \d+; run as its owner"):
        make_private(tmp_path)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre", "fuse.sshfs"])
def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(directory, "filesystem_of", lambda _: kind)
    with pytest.raises(JournalError, match=rf"is on a network file system \({kind}\)"):
        make_private(tmp_path)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuse", None])
def test_a_local_file_system_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    monkeypatch.setattr(directory, "filesystem_of", lambda _: kind)
    make_private(tmp_path)


def test_a_directory_that_others_use_is_refused_and_left_open(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(JournalError, match=r"holds other things \(photo.jpg\); name a directory of its own"):
        make_private(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_directory_shared_by_all_users_is_refused_and_left_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(JournalError, match="shared by all users"):
        make_private(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777
