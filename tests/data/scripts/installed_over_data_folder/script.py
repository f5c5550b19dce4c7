import thing
import thing.sub
