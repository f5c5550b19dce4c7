match = type = case = _ = print
match(1)
type = match[0]
case: int = 3
import a
match.x = type.y
import b
