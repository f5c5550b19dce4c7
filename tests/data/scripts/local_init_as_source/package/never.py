import never
