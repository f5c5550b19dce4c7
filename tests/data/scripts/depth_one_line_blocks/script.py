try: import a
except ImportError: a = None
else: import b
if b: import c
for x in (): import d; import e
def f(): import g
with x: import h
while 0: import never
