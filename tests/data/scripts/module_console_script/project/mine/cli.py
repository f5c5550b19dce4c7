import numpy


def main():
    import pandas
