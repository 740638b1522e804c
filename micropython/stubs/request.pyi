"""HTTP. Made of micropython-lib's urequests; https raises ImportError here, since this firmware has no TLS for scripts."""

from typing import Any, Iterator, Optional

class Response:
    """What a server has answered."""

    status_code: int
    reason: bytes
    headers: dict

    def __init__(self, answer: Any, decode: bool, size: int) -> None: ...
    @property
    def content(self) -> Iterator[Any]:
        """The body piece by piece, of at most sizeof bytes; text unless decode is False."""
    @property
    def text(self) -> Iterator[str]:
        """The body piece by piece, as text."""
    def json(self) -> Any:
        """The body as JSON."""
    def close(self) -> None:
        """Closes the connection; the end of the body does so too."""

def request(
    method: str,
    url: str,
    data: Any = None,
    headers: Optional[dict] = None,
    decode: bool = True,
    sizeof: int = 255,
    ssl_params: Any = None,
    json: Any = None,
    timeout: Optional[int] = None,
) -> Response:
    """Sends a request. OSError where nobody answers, ValueError for what it does not understand."""

def get(
    url: str,
    data: Any = None,
    headers: Optional[dict] = None,
    decode: bool = True,
    sizeof: int = 255,
    ssl_params: Any = None,
    **more: Any,
) -> Response:
    """GET."""

def post(
    url: str,
    data: Any = None,
    headers: Optional[dict] = None,
    decode: bool = True,
    sizeof: int = 255,
    ssl_params: Any = None,
    **more: Any,
) -> Response:
    """POST."""

def put(
    url: str,
    data: Any = None,
    headers: Optional[dict] = None,
    decode: bool = True,
    sizeof: int = 255,
    ssl_params: Any = None,
    **more: Any,
) -> Response:
    """PUT."""

def head(
    url: str,
    data: Any = None,
    headers: Optional[dict] = None,
    decode: bool = True,
    sizeof: int = 255,
    ssl_params: Any = None,
    **more: Any,
) -> Response:
    """HEAD."""
