"""The web application for a WSGI server; the ticks and the sender run in `trellis run`, or on another machine."""

from app.factory import create_app
from config import load_settings

application = create_app(load_settings())
