"""The flow: archives of order-book messages → validated, model-ready Parquet.

python flows/l2_flow.py                                 configs/cloud_config.yaml
python flows/l2_flow.py --config configs/local.yaml     the demo: generated archives
python flows/l2_flow.py --plan                          list what would be done, and stop
python flows/l2_flow.py --help                          all settings
"""

# Evaluated here, ``State[None]`` would be a class that pool processes cannot unpickle.
from __future__ import annotations

import sys

if __name__ == "__main__":
    # Prefect configures itself when it is imported, so the launcher reads the command line before.
    from flows.runtime.launcher import launch

    launch(
        sys.argv[1:],
        flow="flows.l2_flow:l2_flow",
        plan="flows.plan:describe_plan",
        source="flows.survey:source_of",
    )

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from flows.reports.artifacts import publish_report
from flows.reports.console import Display
from flows.run import run
from quantgod.errors import RunFailedError
from quantgod.settings.settings import Overrides, load_settings


@flow(name="l2", persist_result=False)
def l2_flow(
    config: str = "configs/cloud_config.yaml", overrides: Overrides | None = None
) -> State[None]:
    """Process every archive of the source.

    Args:
        config: settings file; a relative path is relative to the project root.
        overrides: settings that win over the file, by dotted key: {"etl.orderbook_levels": 50}.

    Returns:
        Completed, or Failed where archives failed: the message names each and why.

    Raises:
        L2Error: the run could not begin.
    """
    display = Display()
    report = run(load_settings(config, overrides.model_extra if overrides else None), display)
    publish_report(report)
    display.finish(report)
    if report.failures:
        # If it were raised, Prefect would log a stack trace, which says nothing about archives.
        message = report.failure_message()
        get_run_logger().error(message)
        return Failed(message=message, data=RunFailedError(message))
    return Completed(message=report.headline())
