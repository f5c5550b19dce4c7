import a
print "x"
match a:
    case 1: import b
    case {"k": 2}: import c; import d
    case _:
        import e
