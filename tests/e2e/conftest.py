import pytest

from edge import Edge


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
