"""A small analysis: a year of simulated rainfall at four stations, month by month.

Run by an interpreter that has numpy and pandas; it tells which one that was.
"""

import sys

import numpy as np
import pandas as pd

STATIONS = ["Aachen", "Bergen", "Cusco", "Dakar"]


def simulate(seed: int) -> pd.DataFrame:
    """Daily rainfall in millimetres: a row a day, a column a station."""
    generator = np.random.default_rng(seed)
    days = pd.date_range("2025-01-01", "2025-12-31", freq="D")
    wetness = np.array([2.2, 6.0, 1.9, 1.1])
    rain = generator.gamma(shape=0.6, scale=wetness / 0.6, size=(len(days), len(STATIONS)))
    return pd.DataFrame(rain, index=days, columns=STATIONS)


def main() -> None:
    monthly = simulate(seed=7).resample("MS").sum()
    monthly.index = monthly.index.strftime("%b")
    print(monthly.round(1).to_string())
    print(f"wettest month at each station: {monthly.idxmax().to_dict()}")
    print(f"computed by {sys.executable} with numpy {np.__version__}, pandas {pd.__version__}")


if __name__ == "__main__":
    main()
