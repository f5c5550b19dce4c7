__all__ = ['one']
__all__ += ['two']
__all__.extend(['three'])
__all__.append('four')
