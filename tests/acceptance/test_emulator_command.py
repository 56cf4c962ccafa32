"""The emulator as a command of its own."""

from __future__ import annotations

import socket

from tests.acceptance.conftest import Shell


def test_a_port_that_is_taken_is_no_internal_error(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell.type("emulator", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--port: {port} cannot be used (Address already in use); name another, or none\n"
