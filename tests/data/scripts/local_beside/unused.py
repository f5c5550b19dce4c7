import nor_this
