"""The web application for a WSGI server; the ticks and the sender run in `trellis run`, or on another machine."""

from app.factory import create_app
from app.runtime.logs import quiet_logs
from config import load_settings

quiet_logs()
application = create_app(load_settings())
