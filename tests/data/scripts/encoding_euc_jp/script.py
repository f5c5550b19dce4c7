# -*- coding: euc-jp -*-
import a  # 日本語
x = '表示'
import b
