from space import one, two
