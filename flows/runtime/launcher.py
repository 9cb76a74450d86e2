"""The command line: ``python flows/l2_flow.py …`` → exit code.

Prefect configures itself when it is imported, so settings are read first, and Prefect's part of
the program is imported only when a run begins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

from quantgod.errors import L2Error, RunFailedError, ServerError
from quantgod.settings.overrides import Overrides
from quantgod.settings.settings import CommandLine, parse_command_line, require_source_folder

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130  # 130 as shells say it
LOG_NAME = "l2.log"


def program(argv: Sequence[str]) -> NoReturn:
    """``main`` as a process of its own, and its end."""
    try:
        sys.exit(main(argv))
    except ServerError as error:
        print(error, file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Prefect's threads would go on telling the server that is gone: minutes, or for ever.
        os._exit(FAILED)


def main(argv: Sequence[str]) -> int:
    """Run the flow, or print the plan.

    Returns:
        0 all archives are done (warnings included), 1 some failed or the run could not begin,
        2 the command line or the settings are wrong, 130 stopped by Ctrl-C.

    Raises:
        ServerError: Prefect's server does not answer, or is gone.
    """
    # A UTF-8 console shows names as they are; another one must not end a run of hours.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        command = parse_command_line(argv)
        require_source_folder(command.settings)
    except L2Error as error:
        print(error, file=sys.stderr)
        return MISUSED
    try:
        return _plan(command) if command.plan else _run(command)
    except KeyboardInterrupt:  # what is done is told already
        return INTERRUPTED
    except RunFailedError:  # told already, below the run's table
        return FAILED
    except ServerError:
        raise
    except L2Error as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED


def _plan(command: CommandLine) -> int:
    from flows.plan import describe_plan

    print(describe_plan(command.settings))
    return DONE


def _run(command: CommandLine) -> int:
    logs = command.settings.paths.logs
    configure_prefect(logs)
    # Prefect takes seconds to start: say that something is under way, and where it is told.
    print(f"starting; source {command.settings.paths.rclone_mount}, log {logs / LOG_NAME}")
    from flows.runtime.prefect_server import is_server_configured, loss_reported, require_server
    from flows.runtime.temporary_server import temporary_server

    with nullcontext() if is_server_configured() else temporary_server() as server:
        from flows.l2_flow import l2_flow  # takes as long as the server takes to start
        from flows.runtime.history import wait_until_recorded

        server.wait_until_ready() if server else require_server()
        # The whole, checked settings travel as the run's parameters: its history shows them.
        overrides = Overrides.model_validate(command.settings.model_dump(mode="json"))
        with loss_reported():
            state = l2_flow(config=str(command.config), overrides=overrides, return_state=True)
        if server:
            wait_until_recorded(state)
        state.result()  # raises what the run raised
    return DONE


def configure_prefect(logs: Path) -> None:
    """Set what Prefect reads when it is imported; what a user has set stays."""
    logs.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_LOGGING_SETTINGS_PATH": str(Path(__file__).with_name("logging.yml")),
        "PREFECT_LOGGING_HANDLERS_FILE_FILENAME": str(logs / LOG_NAME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
