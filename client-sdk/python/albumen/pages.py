"""Lists, to their end."""

from collections.abc import Callable, Iterator
from typing import Any


def list_all(call: Callable[[Any], Any], request: Any, items: str) -> Iterator[Any]:
    """Yields every item of a list, page by page as they are asked for.

    `items` is the field of the answer that holds them, as in
    `list_all(albumen.assets.ListAssets, ListAssetsRequest(), "assets")`.
    """
    next_request = type(request)()
    next_request.CopyFrom(request)
    while True:
        page = call(next_request)
        yield from getattr(page, items)
        if not page.next_page_token:
            return
        next_request.page_token = page.next_page_token
