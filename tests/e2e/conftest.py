import os

import pytest

from edge import Edge
from marks import Marks


@pytest.fixture
def edge():
    """A running edged; everything that the test starts through it is stopped and removed afterwards."""
    server = Edge()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def bare():
    """Folder and ports only; the test starts edged itself."""
    server = Edge()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def far():
    """Commands that leave a trace: `sleep` with a number that nobody else has. What is left of them goes, too."""
    marks = Marks()
    try:
        yield marks
    finally:
        marks.close()


@pytest.fixture
def shop(edge):
    """A server with one endpoint, shop-17, whose agent's check-in is held."""
    edge.agent = edge.node()
    edge.wait_held()
    return edge


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: compares times, or needs both cores; not beside another test (scripts/test)")


LONG = bool(os.environ.get("EDGE_LONG"))
collect_ignore = [] if LONG else ["test_long.py"]


def pytest_report_header(config):
    return "timers at their real values: " + ("test_long.py, seven minutes more" if LONG else "not in this run (scripts/test --long)")
