import space.one
from space import two
from space.deep.er import three
