"""What stops a whole file, as opposed to one of its rows."""

from app.core.reasons import Reason


class ImportFault(Exception):
    """The file, its mapping or an option cannot be used; nothing was written. `reason` names place and remedy."""

    def __init__(self, code: str, **params: str | int | list[str]) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)
