# coding: klingon
import a
