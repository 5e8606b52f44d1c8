"""The figures of scripts/bench check-in, tunnel, sessions and fleet: what each must reach, and how they are printed."""
import dataclasses
import json

MORE, LESS = "at least", "at most"
FULL_SIZE = 15_000  # endpoints; what fewer make is no figure


@dataclasses.dataclass(frozen=True)
class Wanted:
    """must and goal are of the ratio where there is an anchor to be measured against, of the value otherwise."""
    unit: str
    better: str
    must: float
    goal: float
    by_ratio: bool = False
    digits: int = 4
    endpoints: int = FULL_SIZE


CHECK_IN = {
    "rate-nginx": Wanted("1/s", MORE, 0.8, 1.1, True, 0),
    "rate-httplib": Wanted("1/s", MORE, 2, 3, True, 0),
    "cpu-polling": Wanted("core", LESS, 0.3, 0.1),
    "cpu-held": Wanted("core", LESS, 0.05, 0.015),
    "rss-held": Wanted("KB", LESS, 30, 20, digits=1),
    "bytes-up": Wanted("B", LESS, 300, 230, digits=1),
    "bytes-down": Wanted("B", LESS, 200, 130, digits=1),
    "bytes-held": Wanted("B/s", LESS, 12, 6, digits=2),
    "required-p50": Wanted("s", LESS, 0.05, 0.01, digits=5),
    "required-p99": Wanted("s", LESS, 0.05, 0.01, digits=5),
    "connect-fleet-p50": Wanted("s", LESS, 1, 0.3),
    "connect-fleet-p99": Wanted("s", LESS, 1, 0.3),
    "herd": Wanted("s", LESS, 30, 12, digits=2),
    "herd-errors": Wanted("errors", LESS, 0, 0, digits=0),
    "flood": Wanted("s", LESS, 2, 1.2, True, digits=5),
    "flood-service": Wanted("s", LESS, 2, 1.2, True, digits=6),
    "cpu-mixed": Wanted("core", LESS, 0.6, 0.2),
}

CIPHERS = {"aes": "aes128-gcm@openssh.com", "chacha": "chacha20-poly1305@openssh.com"}
BULK = [f"bulk-{way}-{cipher}" for cipher in CIPHERS for way in ("down", "up")]
TUNNEL = {
    **{name: Wanted("MB/s", MORE, 0.9, 1.1, True, 0, 1) for name in BULK},
    **{f"cpu-{name}": Wanted("s/GB", LESS, 1.1, 0.9, True, 3, 1) for name in BULK},
    "path": Wanted("MB/s", MORE, 0.9, 1.2, True, 0, 1),
    "echo-p50": Wanted("s", LESS, 1.1, 1.0, True, 6, 1),
    "echo-p99": Wanted("s", LESS, 1.1, 1.0, True, 6, 1),
    "echo-bulk-p99": Wanted("s", LESS, 0.010, 0.003, digits=5, endpoints=1),
    "echo-bulk-slow-p99": Wanted("s", LESS, 0.200, 0.050, digits=4, endpoints=1),
    "rss-tunnel": Wanted("KB", LESS, 30, 20, digits=1),
    "rss-tunnel-used": Wanted("KB", LESS, 320, 60, digits=1, endpoints=1_000),
    "cpu-tunnels": Wanted("core", LESS, 0.25, 0.1),
    "setup-rate": Wanted("1/s", MORE, 1_000, 1_500, digits=0, endpoints=2_000),
    "setup-rtt": Wanted("RTT", LESS, 10, 6.5, digits=2, endpoints=1),
    "wan-down": Wanted("MB/s", MORE, 20, 35, digits=1, endpoints=1),
    "wan-up": Wanted("MB/s", MORE, 20, 35, digits=1, endpoints=1),
    "storm": Wanted("s", LESS, 60, 30, digits=2),
    "storm-errors": Wanted("errors", LESS, 0, 0, digits=0),
}
SESSIONS = {
    "resume": Wanted("s", LESS, 3, 0.5, digits=3, endpoints=1),
    "resume-worst": Wanted("s", LESS, 3, 0.5, digits=3, endpoints=1),
    "resume-edged": Wanted("s", LESS, 5, 1.5, digits=3, endpoints=1),
    "resume-edged-worst": Wanted("s", LESS, 5, 1.5, digits=3, endpoints=1),
    "proxy": Wanted("MB/s", MORE, 0.9, 1.2, True, 0, 1),
    "key-p50": Wanted("s", LESS, 1.2, 1.0, True, 6, 1),
    "key-p99": Wanted("s", LESS, 1.2, 1.0, True, 6, 1),
    "shell": Wanted("s", LESS, 1.0, 0.5, True, 4, 1),
}
FLEET = {
    "ls-15000": Wanted("s", LESS, 1, 0.2, digits=3),
    "cp-1g": Wanted("MB/s", MORE, 0.9, 1.2, True, 0, 1),
    "cp-files": Wanted("1/s", MORE, 0.5, 1.0, True, 0, 1),
    "exec-1000": Wanted("s", LESS, 20, 5, digits=2, endpoints=1_000),
    "exec-1000-rss": Wanted("KB", LESS, 100_000, 40_000, digits=0, endpoints=1_000),
    "forward": Wanted("MB/s", MORE, 0.9, 1.2, True, 0, 1),
}
FIGURES = {**CHECK_IN, **TUNNEL, **SESSIONS, **FLEET}


@dataclasses.dataclass
class Figure:
    name: str
    value: float = None  # None: missing, and the note says why
    anchor: float = None
    ratio: float = None  # ours over the anchor's; of CPU per request where the note says so
    endpoints: int = None
    note: str = ""

    @property
    def wanted(self):
        return FIGURES[self.name]

    def verdict(self, quick=False):
        if self.endpoints != self.wanted.endpoints:
            return f"not judged: {self.endpoints:,} endpoints, not {self.wanted.endpoints:,}"
        if quick:
            return "not judged: a quick run"
        judged = self.ratio if self.wanted.by_ratio else self.value
        if judged is None:
            return "missing"
        reaches = (lambda bound: judged >= bound) if self.wanted.better == MORE else (lambda bound: judged <= bound)
        return "goal" if reaches(self.wanted.goal) else "ok" if reaches(self.wanted.must) else "MISSED"


def rounded(value, digits):
    return None if value is None else round(value, digits) if digits else round(value)


def as_json(figures):
    return json.dumps([{"figure": f.name, "value": rounded(f.value, f.wanted.digits), "unit": f.wanted.unit,
                        "anchor": rounded(f.anchor, f.wanted.digits), "ratio": rounded(f.ratio, 3),
                        "endpoints": f.endpoints, "note": f.note} for f in figures])


def as_text(figures, quick=False):
    lines = []
    for f in figures:
        if f.value is None:
            lines.append(f"{f.name:20} missing: {f.note}")
            continue
        shown = [f"{f.name:20} {rounded(f.value, f.wanted.digits):>10,} {f.wanted.unit:6}"]
        shown.append(f"anchor {rounded(f.anchor, f.wanted.digits):,}" if f.anchor is not None else "")
        shown.append(f"ratio {f.ratio:.2f}" if f.ratio is not None else "")
        shown.append(f"must {f.wanted.must:g} goal {f.wanted.goal:g}: {f.verdict(quick)}")
        shown.append(f"({f.note})" if f.note else "")
        lines.append("  ".join(part for part in shown if part))
    return "\n".join(lines)
