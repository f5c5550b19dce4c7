import b, c
