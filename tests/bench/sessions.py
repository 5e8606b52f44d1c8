"""Sessions: what they outlive and how fast they go on, and what they cost an operator beside ssh -J.

edged and OpenSSH's relay share a core and take turns; nodes, operators and everything else share another core. See
tests/bench/figures for how each is measured.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from figures import copies, keys, program, resume, shell  # noqa: E402
from figures.results import SESSIONS  # noqa: E402
from figures.worlds import SMALL  # noqa: E402

# Which figures come of one and the same run of edged.
GROUPS = [
    (resume, ["resume", "resume-worst", "resume-edged", "resume-edged-worst"]),
    (copies, ["proxy"]),
    (keys, ["key-p50", "key-p99"]),
    (shell, ["shell"]),
]


def main():
    quick = f"{resume.QUICK_RUNS} cuts, few bytes and few keys"
    program.run(program.arguments("sessions", __doc__.splitlines()[0], SESSIONS, quick), GROUPS, SMALL)


if __name__ == "__main__":
    main()
