import a
import b


class Thing:
    @property
    def value(self):
        return a.x

    @value.setter
    def value(self, new):
        b.y = new

    def work(self):
        return self.value
