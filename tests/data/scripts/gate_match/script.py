import sys

match sys.platform:
    case "win32" | "cygwin":
        import zq_windows
    case "linux":
        import zq_linux
    case _:
        import zq_other

match zq_linux.kind():
    case "a":
        import zq_a
    case _:
        import zq_b
