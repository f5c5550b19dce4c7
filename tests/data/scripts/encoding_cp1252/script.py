# coding: cp1252
import a
x = '“quoted” €'
import b
