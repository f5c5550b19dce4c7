import a
x = 'one import not_thisimport nor_this'
import b
