import a
x = f"{f"{f"{1}"}"} {a["key"]} {
    1  # a comment
}"
import b
y = f"{'\n'.join(x)} import not_this"
import c
