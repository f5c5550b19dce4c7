import os, pathlib, helper
pathlib.Path("ran").touch()
os.system("touch ran")
exec("open('ran', 'w')")
__import__("helper").touch()
class K(print("ran")): import a
@exit
def f(): import b
