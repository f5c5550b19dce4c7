from данные import 読む as x
import módulo
