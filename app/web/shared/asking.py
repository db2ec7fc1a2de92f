"""A request whose files go straight into the data folder: where temporary files lie in memory it would be large."""

from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from flask import Request

from app.web.access import UPLOADS
from app.web.shared.context import web

IN_MEMORY = 500_000


class Asking(Request):
    """Files of routes that take one are written below the data folder, without a name, and gone when it is answered."""

    def _get_file_stream(self, total_content_length: int | None, *args: Any, **kwargs: Any) -> IO[bytes]:
        if self.endpoint not in UPLOADS:
            return super()._get_file_stream(total_content_length, *args, **kwargs)
        folder = str(web().settings.data_dir)
        return cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY, dir=folder))
