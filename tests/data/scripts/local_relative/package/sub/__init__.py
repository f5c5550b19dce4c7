from . import side
