import not_taken
