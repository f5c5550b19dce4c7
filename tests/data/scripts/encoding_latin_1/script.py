#!/usr/bin/env python3
# -*- coding: latin-1 -*-
name = 'äöü'; import größe, b
