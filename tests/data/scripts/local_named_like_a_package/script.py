import app.tools.faketool
