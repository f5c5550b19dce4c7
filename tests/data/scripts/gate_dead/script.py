if False:
    import a1
if 0 and c:
    import a2
elif True:
    import b1
else:
    import a3
while False:
    import a4
if not 1:
    import a5
if None:
    import a6
x = __import__("a7") if False else __import__("b2")
if __name__ == "__main__":
    import b3
