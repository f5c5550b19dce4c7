# %% [markdown]
# Text, %run not_this.py
# %%
# %run helper.py
# !pip install umap-learn==0.5.5
import umap
# %%
import yaml
