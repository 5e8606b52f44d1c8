"""The figures that were asked for, group by group: what one and the same run of the programs gives."""
import traceback

from figures.results import Figure, as_text
from figures.world import say


def measure(groups, world, chosen, quick):
    """Every figure that was asked for: one that could not be measured is missing, with the reason on stderr."""
    for group, names in groups:
        wanted, got = set(names) & chosen, set()
        if not wanted:
            continue
        reason = "not measured"
        try:
            for figure in group.figures(world, wanted, quick):
                if figure.name in wanted:
                    got.add(figure.name)
                    say(as_text([figure], quick))  # a run that is stopped was not for nothing
                    yield figure
        except Exception as error:  # the others are still worth having
            traceback.print_exc()
            reason = str(error)
        for name in names:
            if name in wanted - got:
                say(f"{name} is missing: {reason}")
                yield Figure(name, note=reason)
