import core.parts
import yaml.loader
import core.missing
