import p.q.r
