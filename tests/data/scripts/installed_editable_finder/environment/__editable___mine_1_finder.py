import sys

MAPPING: dict[str, str] = {'mine': '@CASE@/project/lib/mine'}
NAMESPACES: dict[str, list[str]] = {}
PATH_PLACEHOLDER = 'x'


def install():
    pass
