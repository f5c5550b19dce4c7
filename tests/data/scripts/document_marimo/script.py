# /// script
# dependencies = ["marimo", "polars==1.9.0"]
# ///
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import polars as pl
    return mo, pl


if __name__ == "__main__":
    app.run()
