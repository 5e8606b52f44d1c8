"""A TCP proxy to put between an agent and a port of edged: what middleboxes do to connections, on demand."""
import socket
import struct
import threading
import time


class TcpProxy:
    def __init__(self, target, port=0, idle=None, host="::"):
        """`idle`: seconds after which a connection on which nothing moves is cut, as HAProxy's and nginx's timeouts do."""
        self.target = target
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = [], threading.Lock()
        self.accepted = 0
        self.accepted_at = []
        self.refusing = False  # new connections are reset at once
        self.most_bytes = None  # a connection is cut once it has carried this many towards the server
        self.idle = idle
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            self.accepted_at.append(time.monotonic())
            if self.refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("localhost", self.target))
            except OSError:
                client.close()
                continue
            pair = _Pair(client, server, self.most_bytes, self.idle)
            with self.lock:
                self.pairs.append(pair)

    def counts(self):
        """How often something came by, towards the server and from it."""
        return sum(pair.upward for pair in self.pairs), sum(pair.downward for pair in self.pairs)

    def cut(self, client=True, server=True):
        """Ends every connection, on both sides or on one: the other side then hears nothing at all."""
        with self.lock:
            cut = [pair for pair in self.pairs if not pair.is_cut]
        for pair in cut:
            pair.cut(client, server)
        return len(cut)

    def close(self):
        self.listener.close()
        self.cut()
        for pair in self.pairs:
            pair.client.close()
            pair.server.close()


class _Pair:
    def __init__(self, client, server, most_bytes, idle):
        self.client, self.server, self.is_cut, self.left = client, server, False, most_bytes
        self.moved = time.monotonic()
        self.upward = self.downward = 0
        if idle is not None:
            threading.Thread(target=self._watch, args=(idle,), daemon=True).start()
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def cut(self, client=True, server=True):
        self.is_cut = True
        if client:
            _reset(self.client)
        if server:
            _reset(self.server)

    def _watch(self, idle):
        while not self.is_cut:
            left = self.moved + idle - time.monotonic()
            if left <= 0:
                return self.cut()
            time.sleep(left)

    def _pump(self, source, sink):
        try:
            while True:
                octets = source.recv(65536)
                self.moved = time.monotonic()
                if self.is_cut:
                    return
                if not octets:
                    break
                if source is self.client:
                    self.upward += 1
                else:
                    self.downward += 1
                if source is self.client and self.left is not None:
                    self.left -= len(octets)
                    if self.left < 0:
                        return self.cut()
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def _reset(stream):
    # Shut down first: a thread that reads would keep the socket alive. The linger makes the end a reset.
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    stream.close()
