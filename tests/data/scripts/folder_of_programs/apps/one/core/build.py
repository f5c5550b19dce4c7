from core.parts import a
import rich
import shared
