"""The configured Prefect server: check that it answers, and report its loss."""

from collections.abc import Iterator
from contextlib import contextmanager

from quantgod.errors import ServerError


def is_server_configured() -> bool:
    """Whether Prefect knows a server, from the environment or the profile in use."""
    from prefect.settings import get_current_settings

    return get_current_settings().api.url is not None


def require_server() -> None:
    """Check that the configured server answers.

    Raises:
        ServerError: it does not.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if error := client.api_healthcheck():
            raise ServerError(
                f"expected a Prefect server at {client.api_url}, found: {error}. Start it, or "
                "unset PREFECT_API_URL: a run without a server starts its own"
            ) from error


@contextmanager
def loss_reported() -> Iterator[None]:
    """Raise ``ServerError`` where Prefect's client loses its server in mid-run."""
    import httpx

    try:
        yield
    except httpx.TransportError as error:
        raise ServerError(
            f"the Prefect server is gone: {error}. Finished work is kept; restart the server, "
            "and run again"
        ) from error
