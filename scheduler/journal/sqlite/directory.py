"""Where the journal and the lock live: one private directory on this machine's own disk."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ...errors import JournalError
from ...printable import printable

#: The journal's index lives in memory that processes share, and locks must hold between them. Neither does
#: over a network, where a second host could start everything again.
_NETWORK = re.compile(
    r"nfs\d*|cifs|smb\d*|smbfs|ncpfs|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|orangefs|pvfs2|ocfs2|gfs2?|coda|"
    r"davfs|fuse\.(?:sshfs|ceph|glusterfs|davfs2?|s3fs|rclone|gcsfuse|goofys|blobfuse2?|juicefs|mount-s3)"
)
#: What this program puts into its state directory.
_OWN = re.compile(r"journal\.db|lock$|outcomes\.rescue$")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def make_private(directory: Path) -> None:
    """Make the directory if need be, ours alone (0700).

    Raises JournalError where it cannot be made, belongs to another user or is on a network file system.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if status.st_uid != os.geteuid():
            raise JournalError(
                f"the state directory {directory} belongs to user {status.st_uid}, not to {os.geteuid()}; "
                "run as its owner, or name another with --state-dir (one that does not exist yet is made)"
            )
        if status.st_mode & 0o077:
            _tighten(directory)
    except OSError as error:
        raise JournalError(
            f"the state directory {directory} cannot be used: {error.strerror}; name another with --state-dir"
        ) from error
    kind = filesystem_of(directory)
    if kind is not None and _NETWORK.fullmatch(kind):
        raise JournalError(
            f"the state directory {directory} is on a network file system ({kind}), which cannot keep two "
            "hosts from starting the same release; name one on a local disk with --state-dir"
        )


def _tighten(directory: Path) -> None:
    """Close a directory to others, if it is used for nothing but a state. Raises JournalError, OSError."""
    foreign = next((name for name in sorted(os.listdir(directory)) if not _OWN.match(name)), None)
    if foreign is not None:
        raise JournalError(
            f"the state directory {directory} is open to other users and holds other things "
            f"({printable(foreign)}); name a directory of its own with --state-dir"
        )
    if directory.stat().st_mode & stat.S_ISVTX:
        raise JournalError(
            f"the directory {directory} is shared by all users; name another one with --state-dir"
        )
    directory.chmod(0o700)


def filesystem_of(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """Return the type of the file system that holds `path`, as Linux names it; None: unknown."""
    try:
        text = mounts.read_text(errors="surrogateescape")
    except OSError:
        return None
    wanted = path.resolve()
    best: tuple[int, str] | None = None
    for line in text.splitlines():
        # 36 35 98:0 /root /mount/point options [tags] - type source options
        mount, _, kind = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not kind:
            continue
        point = Path(_ESCAPE.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        # A later mount hides an earlier one at the same place.
        if wanted.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = len(point.parts), kind.split(" ")[0]
    return None if best is None else best[1]
