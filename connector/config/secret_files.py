"""Files with secrets in them: who else can read them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUPERUSER = 0


def exposed(path: Path, status: os.stat_result, user: int | None = None) -> str | None:
    """Say that others can read a secret's file, and what keeps them from it; None where none can who need not.

    A file that is another user's, and that this one reads through its group alone, is as it has to be: so secrets are
    mounted in Kubernetes (`fsGroup`), and so `/etc` has keys of services (`root:stripe`, mode 0640).

    Args:
        path: of the file, for the words.
        status: what the system says of it, open.
        user: who reads it, by number; by default the user of this process.

    Source: kubernetes.io/docs/concepts/configuration/secret, POSIX file modes.
    """
    mode = status.st_mode
    reader = os.geteuid() if user is None else user
    masters = reader in {status.st_uid, _SUPERUSER}
    others = stat.S_IRGRP | stat.S_IROTH if masters else stat.S_IROTH
    if not stat.S_ISREG(mode) or not mode & others:
        return None
    said = f"{path} can be read by others than its owner (mode {stat.S_IMODE(mode):04o})"
    return f"{said}: chmod {'600' if masters else 'o-r'} {path}"
