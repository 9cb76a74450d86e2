"""Set Prefect up before a test module imports it."""

from tests.support.prefect_setup import configure

configure()
