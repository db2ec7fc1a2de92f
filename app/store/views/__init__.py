"""What the pages look at: a fixed number of statements a page, each one an indexed lookup."""

from typing import Any

from sqlalchemy import Row

# A row whose columns are read by name.
Found = Row[*tuple[Any, ...]]
