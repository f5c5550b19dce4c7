import core.parts
