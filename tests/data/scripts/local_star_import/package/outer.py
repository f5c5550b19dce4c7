import not_in_all
