import p.wrap
import q.wrap
from q import old
