"""A far side that lies: an sftp-server in Python, for session.sftp-server. What it does is in the name it is called by."""
import os
import stat
import struct
import sys

INIT, VERSION, OPEN, CLOSE, READ, LSTAT, FSTAT, OPENDIR, READDIR, STAT = 1, 2, 3, 4, 5, 7, 8, 11, 12, 17
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
FOLDER, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644
how = os.path.basename(sys.argv[0])


def text(value):
    return struct.pack(">I", len(value)) + value


def attributes(mode, size=4):
    return struct.pack(">IQI", 5, size, mode)


def send(kind, number, rest):
    body = struct.pack(">BI", kind, number) + rest
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


def status(number, code):
    send(STATUS, number, struct.pack(">I", code) + text(b"hostile \x1b[2J words") + text(b""))


def entries(handle):
    evil = [b"../escaped", b"..", b".", b"/etc/escaped", b"sub/escaped", b"", b"zero\0byte", b"fine"]
    if how == "links" and handle != b"1":
        return [(b"fine", FILE)]
    if how == "links":
        return [(b"way-out", stat.S_IFLNK | 0o777), (b"way-out", FOLDER), (b"fine", FILE)]
    if how == "endless":
        return [(b"down", FOLDER)]
    return [(name, FILE) for name in evil]


def read(size):
    got = b""
    while len(got) < size:
        part = sys.stdin.buffer.read(size - len(got))
        if not part:
            sys.exit(0)
        got += part
    return got


def main():
    listed = set()
    handles = 0
    while True:
        packet = read(struct.unpack(">I", read(4))[0])
        kind, number = struct.unpack(">BI", packet[:5])
        argument = packet[9:9 + struct.unpack(">I", packet[5:9])[0]] if len(packet) >= 9 else b""
        if kind == INIT:
            send(VERSION, 3, b"")
        elif kind in (STAT, LSTAT):
            is_file = argument.endswith((b"fine", b"file"))
            send(ATTRS, number, attributes(FILE if is_file else FOLDER))
        elif kind in (OPENDIR, OPEN):
            handles += 1
            send(HANDLE, number, text(b"%d" % handles))
        elif kind == READDIR:
            if argument in listed:
                status(number, 1)
                continue
            listed.add(argument)
            names = entries(argument)
            send(NAME, number, struct.pack(">I", len(names)) +
                 b"".join(text(name) + text(b"long") + attributes(mode) for name, mode in names))
        elif kind == FSTAT:
            send(ATTRS, number, attributes(FILE))
        elif kind == READ:
            if how == "huge":
                sys.stdout.buffer.write(b"\xff\xff\xff\xff")
                sys.stdout.buffer.flush()
            elif how == "more":
                send(DATA, number, text(b"x" * 100_000))
            elif how == "strange":
                send(DATA, number + 1000, text(b"fine"))
            else:
                send(DATA, number, text(b"fine"))
        elif kind == CLOSE:
            status(number, 0)
        elif kind == 19:  # READLINK
            send(NAME, number, struct.pack(">I", 1) + text(os.environ.get("HOME", "/tmp").encode()) + text(b"") + attributes(FILE))
        else:
            status(number, 4)


main()
