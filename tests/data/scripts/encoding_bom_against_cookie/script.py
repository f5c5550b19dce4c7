# coding: latin-1
import a
