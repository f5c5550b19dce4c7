# Databricks notebook source
# MAGIC %pip install polars==1.2

# COMMAND ----------
import polars
