import dataclasses, contextvars, importlib.resources, zoneinfo, tomllib, graphlib, asyncio
