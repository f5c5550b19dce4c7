from available import has_jax

if has_jax():
    import o3
