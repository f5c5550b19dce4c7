# coding: shift_jis
import a
x = '表'
import b
y = '能'  # ソ
import c
