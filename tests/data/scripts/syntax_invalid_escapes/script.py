import a
x = '\d \w'
assert (a, 'always true')
if a is 1: import b
