import nt, winreg, msvcrt, winsound, _winapi, _winreg, posix, _scproxy, pwd, fcntl
