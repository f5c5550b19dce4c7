import attr, docx, fitz, serial, jose, git, Levenshtein
