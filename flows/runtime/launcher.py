"""The command line of a flow: arguments → exit code.

Prefect configures itself when it is imported, so the launcher reads the settings first. It imports
the flow by its entrypoint, ``module:name``, when the run begins.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from pkgutil import resolve_name
from typing import NoReturn

from flows.runtime.failures import reason_of
from quantgod.errors import L2Error, RunFailedError, ServerError, SettingsError
from quantgod.settings.settings import CommandLine, Overrides, parse_command_line

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130  # 130 as shells say it
LOG_NAME = "l2.log"


def launch(argv: Sequence[str], *, flow: str, plan: str, source: str) -> NoReturn:
    """Run ``main`` as this process, and end the process."""
    try:
        sys.exit(main(argv, flow=flow, plan=plan, source=source))
    except ServerError as error:
        print(error, file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Prefect's threads would retry for minutes, or forever, to reach the lost server.
        os._exit(FAILED)


def main(argv: Sequence[str], *, flow: str, plan: str, source: str) -> int:
    """Run a flow, or print its plan.

    Args:
        argv: the command line, without the name of the program.
        flow: entrypoint of the flow, which takes ``config`` and ``overrides``.
        plan: entrypoint of the function that answers ``--plan``: settings → text.
        source: entrypoint of the function that opens the source: settings → source.

    Returns:
        0: all archives are done, perhaps with warnings. 1: some failed, or the run could not begin.
        2: the command line or the settings are wrong. 130: stopped by Ctrl-C.

    Raises:
        ServerError: Prefect's server does not answer, or is gone.
    """
    # A name that the console's encoding lacks must not end a run of hours.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        command = parse_command_line(argv)
        location = resolve_name(source)(command.settings).location
    except L2Error as error:
        print(error, file=sys.stderr)
        return MISUSED if isinstance(error, SettingsError) else FAILED
    try:
        if command.plan:
            print(resolve_name(plan)(command.settings))
        else:
            _run(command, flow, location)
    except KeyboardInterrupt:  # the run has printed how far it is
        return INTERRUPTED
    except RunFailedError:  # the run has listed the failures below its table
        return FAILED
    except ServerError:
        raise
    except (L2Error, OSError) as error:
        print(reason_of(error), file=sys.stderr)
        return FAILED
    return DONE


def _run(command: CommandLine, flow: str, location: str) -> None:
    logs = command.settings.paths.logs
    configure_prefect(logs)
    # Prefect takes seconds to start: say that the run has begun, and where its log is.
    print(f"starting; source {location}, log {logs / LOG_NAME}")
    from flows.runtime.prefect_server import is_server_configured, loss_reported, require_server
    from flows.runtime.temporary_server import temporary_server

    with nullcontext() if is_server_configured() else temporary_server() as server:
        run_flow = resolve_name(flow)  # imports Prefect while the server starts
        from flows.runtime.history import wait_until_recorded

        server.wait_until_ready() if server else require_server()
        # The run gets all checked settings as its parameters, so its history shows them.
        overrides = Overrides.model_validate(command.settings.model_dump(mode="json"))
        with loss_reported():
            state = run_flow(config=str(command.config), overrides=overrides, return_state=True)
        if server:
            wait_until_recorded(state)
        state.result()  # raises the run's exception


def configure_prefect(logs: Path) -> None:
    """Set the variables that Prefect reads at its import; a user's own values win."""
    logs.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_LOGGING_SETTINGS_PATH": str(Path(__file__).with_name("logging.yml")),
        "PREFECT_LOGGING_HANDLERS_FILE_FILENAME": str(logs / LOG_NAME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
