#!/usr/bin/env python
# coding: utf-8

# In[1]:


get_ipython().run_line_magic('pip', 'install umap-learn==0.5.5')
get_ipython().system('pip install tqdm==4.66.0')
get_ipython().run_line_magic('matplotlib', 'inline')


# In[2]:


import umap, tqdm
get_ipython().run_line_magic('run', 'helper.py')
