import not_this
