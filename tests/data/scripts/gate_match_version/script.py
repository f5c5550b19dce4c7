import sys

match sys.version_info[:2]:
    case (3, 10):
        import n1
    case [3, 11]:
        import a1
    case _:
        import n2
match sys.version_info:
    case (2, *_):
        import n3
    case (3, 9 | 10, *_):
        import n4
    case (3, minor, *_) if minor > 90:
        import a2
    case (3, 11, *rest):
        import a3
    case _:
        import n5
