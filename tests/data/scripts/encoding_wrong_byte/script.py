import a

x = 'café'
import b
