import urllib2, asyncio, pathlib, Queue, enum, exceptions, future_builtins
