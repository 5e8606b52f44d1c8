"""The figures of scripts/bench check-in: what each must reach, and how they are printed."""
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


FIGURES = {
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

    def verdict(self):
        if self.endpoints != FULL_SIZE:
            return f"not judged: {self.endpoints:,} endpoints, not {FULL_SIZE:,}"
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


def as_text(figures):
    lines = []
    for f in figures:
        if f.value is None:
            lines.append(f"{f.name:18} missing: {f.note}")
            continue
        shown = [f"{f.name:18} {rounded(f.value, f.wanted.digits):>10,} {f.wanted.unit:6}"]
        shown.append(f"anchor {rounded(f.anchor, f.wanted.digits):,}" if f.anchor is not None else "")
        shown.append(f"ratio {f.ratio:.2f}" if f.ratio is not None else "")
        shown.append(f"must {f.wanted.must:g} goal {f.wanted.goal:g}: {f.verdict()}")
        shown.append(f"({f.note})" if f.note else "")
        lines.append("  ".join(part for part in shown if part))
    return "\n".join(lines)
