# coding: none-such
