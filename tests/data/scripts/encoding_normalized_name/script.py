import ｎｕｍｐｙ
import ﬁona
