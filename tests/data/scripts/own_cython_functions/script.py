from k import f
