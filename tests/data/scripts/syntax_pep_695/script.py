import a

type Point[T] = tuple[T, T]


def f[T: (int, str)](x: T) -> T:
    import b


class K[**P, *Ts]:
    import c
