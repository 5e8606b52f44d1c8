"""OpenSSH as a tunnel: sshd on the server core, ssh -R on the load core, keys and configuration of their own."""
import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess

from edge import Program, eventually, free_port
from figures.process import descendants, on_server_core
from figures.results import CIPHERS

PRIVSEP = pathlib.Path("/run/sshd")  # where sshd of root leaves its unprivileged part; made at boot
USER = pwd.getpwuid(os.geteuid()).pw_name
# SetEnv: bash that finds itself run by sshd reads .bashrc, and ours does not: what that takes is the machine's affair.
SERVER = """
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PidFile none
PrintMotd no
UseDNS no
MaxStartups 1000
MaxSessions 1000
Subsystem sftp /usr/lib/openssh/sftp-server
SetEnv SHLVL=1
Ciphers {ciphers}
LogLevel ERROR
"""
CLIENT = """
Host *
  HostName {address}
  Port {port}
  User {user}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  ExitOnForwardFailure yes
  ConnectTimeout 20
  Ciphers {cipher}
  LogLevel ERROR
"""


def sshd_program():
    found = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin")
    if not found:
        raise RuntimeError("sshd is not installed (package openssh-server)")
    return found


class Sshd:
    """A server of its own; `place` says where it runs: words before its own."""

    def __init__(self, folder, address="127.0.0.1", place=on_server_core, inside=()):
        self.folder, self.address, self.port = pathlib.Path(folder), address, free_port()
        self.folder.mkdir()
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)
        self.config = self.folder / "sshd_config"
        self.config.write_text(SERVER.format(port=self.port, address=address, folder=self.folder,
                                             ciphers=",".join(CIPHERS.values())))
        if os.geteuid() == 0:
            PRIVSEP.mkdir(mode=0o755, exist_ok=True)
        self.program = Program([*inside, *place(sshd_program(), "-D", "-e", "-f", self.config)],
                               self.folder / "sshd.log")
        self.inside = list(inside)
        eventually(self.listens, "sshd listens")

    def listens(self):
        if self.program.process.poll() is not None:
            raise RuntimeError(f"sshd ended: {self.program.log()[-500:]}")
        done = subprocess.run([*self.inside, "ss", "-ltnH", f"sport = :{self.port}"], capture_output=True, text=True)
        return done.stdout.strip()

    def pids(self):
        return descendants(self.program.pid)

    def client_config(self, cipher="aes"):
        path = self.folder / f"ssh_config.{cipher}"
        path.write_text(CLIENT.format(address=self.address, port=self.port, user=USER, folder=self.folder,
                                      cipher=CIPHERS[cipher]))
        return path

    def close(self):
        for pid in reversed(self.pids()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.program.kill()


@contextlib.contextmanager
def server(folder, **options):
    sshd = Sshd(folder, **options)
    try:
        yield sshd
    finally:
        sshd.close()


@contextlib.contextmanager
def forwards(sshd, count, to, cipher="aes", inside=()):
    """So many connections, each of a process of its own, with a forwarded port each: the ports, on the server."""
    config, ports, clients = sshd.client_config(cipher), [free_port() for _ in range(count)], []
    log = open(sshd.folder / "ssh.log", "ab")
    try:
        for port in ports:
            clients.append(subprocess.Popen(
                [*inside, "ssh", "-F", str(config), "-N", "-R", f"127.0.0.1:{port}:{to}", "node"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

        def all_listen():
            if any(client.poll() is not None for client in clients):
                raise RuntimeError(f"ssh -R ended: {(sshd.folder / 'ssh.log').read_text()[-500:]}")
            done = subprocess.run([*sshd.inside, "ss", "-ltnH"], capture_output=True, text=True, check=True)
            listening = {line.split()[3] for line in done.stdout.splitlines()}
            return all(f"127.0.0.1:{port}" in listening for port in ports)
        eventually(all_listen, f"{count} forwards of sshd listen", 60)
        yield ports
    finally:
        for client in clients:
            client.kill()
        for client in clients:
            client.wait()
        log.close()
