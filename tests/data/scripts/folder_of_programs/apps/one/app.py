from core.build import go
