from .part import f
