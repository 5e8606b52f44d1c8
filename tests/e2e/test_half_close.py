"""Half-close on every hop: each direction of a stream ends on its own, and the other goes on for as long as it likes.

The waits are longer than any grace that a relay may give to a second direction; they all run at the same time.
"""
import select
import socket
import time

import pytest

from edge import Edge, eventually
from raw_node import SESSION, RawNode, head_of

LATER = 6.5  # seconds after the first direction has ended


def ended(stream, timeout=2):
    """Whether the other side is gone for both directions: it says so to who writes."""
    def refused():
        try:
            stream.send(b"x")
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True
    eventually(refused, "the stream has ended", timeout)


@pytest.fixture
def node(edge):
    node = RawNode(edge)
    try:
        yield node.open()
    finally:
        node.close()


@pytest.fixture(scope="module")
def halves():
    """Streams of which one direction ended LATER seconds ago, and sessions of a real agent in the same state."""
    edge = Edge().start()
    node = RawNode(edge, "raw")
    try:
        node.open()
        edge.node("shop-17")
        given, kept = edge.folder / "given", edge.folder / "kept"
        given.write_text("from a file\n")
        halves = {name: node.stream() for name in ("near", "far", "both")}
        with open(given) as source:
            halves["prints"] = edge.popen_connect("shop-17", "--", f"cat; sleep {LATER}; echo done; echo too >&2")
            halves["prints"].stdin.write(source.read().encode())
            halves["prints"].stdin.close()
        # Its output has ended at once; its input goes on.
        halves["reads"] = edge.popen_connect("shop-17", "--", f"exec >&- 2>&-; cat > {kept}")
        halves["reads"].stdin.write(b"early ")
        halves["reads"].stdin.flush()
        eventually(lambda: kept.exists() and kept.read_text() == "early ", "the far command reads")
        halves["kept"] = kept
        halves["near"][0].shutdown(socket.SHUT_WR)
        halves["far"][1].shutdown(socket.SHUT_WR)
        for end in halves["both"]:
            end.shutdown(socket.SHUT_WR)
        time.sleep(LATER)  # that nothing ends in this time is what is tested
        yield halves
        for name in ("prints", "reads"):
            halves[name].kill()
            halves[name].wait()
    finally:
        node.close()
        edge.close()


# Raw streams: the relay alone.

def test_after_the_operator_has_ended_its_direction_the_node_still_sends(halves):
    near, far = halves["near"]
    assert far.recv(10) == b""
    for word in (b"late", b"later"):
        far.sendall(word)
        assert near.recv(10) == word
    far.close()
    assert near.recv(10) == b""


def test_after_the_node_has_ended_its_direction_the_operator_still_sends(halves):
    near, far = halves["far"]
    assert near.recv(10) == b""
    for word in (b"late", b"later"):
        near.sendall(word)
        assert far.recv(10) == word
    near.close()
    assert far.recv(10) == b""


def test_when_both_directions_have_ended_the_stream_is_gone(halves):
    near, far = halves["both"]
    assert near.recv(10) == b"" and far.recv(10) == b""
    for end in (near, far):
        with pytest.raises(OSError):
            end.sendall(b"x")


# Sessions: edgectl, edged, the agent and the far command.

def test_a_command_whose_input_has_ended_prints_what_it_likes_when_it_likes(halves):
    out, err = halves["prints"].stdout.read(), halves["prints"].stderr.read()
    assert (halves["prints"].wait(10), out, err) == (0, b"from a file\ndone\n", b"too\n")


def test_a_command_whose_output_has_ended_reads_what_comes_when_it_comes(halves):
    running = halves["reads"]
    assert running.poll() is None, running.stderr.read()
    running.stdin.write(b"late")
    running.stdin.close()
    assert running.wait(10) == 0
    assert halves["kept"].read_text() == "early late"


def test_the_end_of_a_commands_output_reaches_the_operators_pipe_while_the_command_goes_on(edge, far):
    # As with ssh: whoever reads the pipe is done, and the command works on.
    edge.node()
    command = far.new()
    running = edge.popen_connect("shop-17", "--", f"echo last; exec >&- 2>&-; {command}")
    try:
        far.started(command)
        readable, _, _ = select.select([running.stdout], [], [], 2)
        assert readable and running.stdout.readline() == b"last\n"
        readable, _, _ = select.select([running.stdout], [], [], 2)
        assert readable, "the end of the output"
        assert running.stdout.read() == b"" and running.poll() is None
    finally:
        running.kill()
        running.communicate()


# Ends that are no half-close.

def sessions(edge, name="shop-17"):
    return edge.endpoint(name)["sessions"]


def test_an_operator_that_is_gone_ends_the_far_side_at_once(edge, node):
    near, far = node.stream()
    near.close()
    eventually(lambda: not sessions(edge), "no session is left", 2)  # and nobody wrote into it
    ended(far)


def test_an_operator_that_ends_its_direction_and_then_goes_ends_the_far_side_at_once(edge, node):
    near, far = node.stream()
    near.shutdown(socket.SHUT_WR)
    assert far.recv(10) == b""
    near.close()
    eventually(lambda: not sessions(edge), "no session is left", 2)  # and nobody wrote into it
    ended(far)


def test_an_operator_that_goes_with_bytes_on_their_way_ends_the_far_side_at_once(edge, node):
    near, far = node.stream()
    near.sendall(b"x" * 100_000)
    near.close()
    eventually(lambda: not sessions(edge), "no session is left", 2)  # and nobody wrote into it
    ended(far)


def test_a_node_whose_service_is_gone_ends_the_operators_side(edge, node):
    near, far = node.stream()
    far.close()
    assert near.recv(10) == b""
    ended(near)
    eventually(lambda: not sessions(edge), "no session is left", 2)


def test_a_far_side_that_has_closed_the_stream_ends_the_session_though_the_operator_stays(edge):
    edge.node()
    with socket.socket(socket.AF_UNIX) as near:
        near.settimeout(20)
        near.connect(str(edge.socket))
        near.sendall(SESSION % b"shop-17")
        assert head_of(near).startswith("HTTP/1.1 101 ")
        near.sendall(b"this is no SSH\r\n" * 20)
        while near.recv(1000):
            pass  # what the agent says before it closes the stream
        eventually(lambda: not sessions(edge), "nobody has anything to say any more", 5)


def test_a_half_closed_session_ends_with_its_tunnel(edge, node):
    near, far = node.stream()
    near.shutdown(socket.SHUT_WR)
    assert far.recv(10) == b""
    node.tunnels.close()
    assert near.recv(10) == b""
    eventually(lambda: not sessions(edge), "no session is left", 5)


@pytest.mark.parametrize("ending", ["the operator's", "the node's"])
def test_bytes_before_the_end_of_a_direction_arrive_whole(node, ending):
    for size in (1, 32 * 1024, 3_000_001):
        near, far = node.stream()
        source, sink = (near, far) if ending == "the operator's" else (far, near)
        received = bytearray()
        sent = bytes(range(251)) * (size // 251 + 1)
        source.setblocking(False)
        left = memoryview(sent)[:size]
        while left:
            try:
                left = left[source.send(left):]
            except BlockingIOError:
                received += sink.recv(1 << 20)
        source.shutdown(socket.SHUT_WR)
        while part := sink.recv(1 << 20):
            received += part
        assert received == sent[:size]
        sink.sendall(b"the other direction")
        source.settimeout(20)
        assert source.recv(100) == b"the other direction"


def test_a_killed_edgectl_whose_input_had_ended_hangs_the_far_command_up(edge, far):
    edge.node()
    command = far.new()
    running = edge.popen_connect("shop-17", "--", f"cat; {command}; true")
    running.stdin.close()
    far.started(command)
    started = time.monotonic()
    running.kill()
    running.wait()
    far.gone(command, timeout=3)
    assert time.monotonic() - started < 3
