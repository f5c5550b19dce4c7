{% if x %}
import os
{% endif %}
