"""Ports on which something is wrong: what stands between a node and edged on a bad day."""
import contextlib
import socket
import subprocess
import threading

from edge import free_port


@contextlib.contextmanager
def refusing():
    """A port that nobody listens on."""
    yield free_port()


@contextlib.contextmanager
def swallowing():
    """A port whose packets go unanswered: its queue is full, so that the kernel drops what comes."""
    with socket.socket(socket.AF_INET6) as listener, contextlib.ExitStack() as fillers:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            for _ in range(4):
                filler = fillers.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
                filler.setblocking(False)
                filler.connect_ex((address, port))
        yield port


@contextlib.contextmanager
def speaking(greeting=b"", answer=b""):
    """A port that takes connections, says this at once, and that once it was told something."""
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    taken = []

    def serve(stream):
        try:
            stream.sendall(greeting)
            while stream.recv(4096):
                if answer:
                    stream.sendall(answer)
                    stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def accept():
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            taken.append(stream)
            threading.Thread(target=serve, args=(stream,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for stream in taken:
            stream.close()


def silent():
    return speaking()


def web_server():
    return speaking(answer=b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def shifted_clock(folder, seconds):
    """What makes a program's clock wrong by so much: the variables of its environment."""
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text("""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
  long done = syscall(SYS_clock_gettime, clock, time);
  if (done == 0 && clock == CLOCK_REALTIME) time->tv_sec += SHIFT;
  return (int)done;
}
""")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", f"-DSHIFT={seconds}", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library)}
