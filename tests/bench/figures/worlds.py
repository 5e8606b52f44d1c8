"""An edged with a few endpoints and one with thousands, made when they are first needed."""
from figures.world import World

SMALL = 4


class Worlds:
    def __init__(self, endpoints):
        self.endpoints, self.made = endpoints, {}

    def _of(self, endpoints):
        if endpoints not in self.made:
            self.made[endpoints] = World(endpoints)
            self.made[endpoints].prepare()
        return self.made[endpoints]

    def small(self):
        return self._of(SMALL)

    def crowd(self):
        return self._of(self.endpoints)

    def close(self):
        for world in self.made.values():
            world.close()
