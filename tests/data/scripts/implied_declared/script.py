import pandas as pd

pd.read_parquet("x")
