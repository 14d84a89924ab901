"""A file that can be fetched in parts (RFC 9110, section 14), so that a broken download goes on where it stopped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
BLOCK = 2**16


def download(
    request: HttpRequest, path: Path, *, name: str, content_type: str, sha256: str
) -> FileResponse | StreamingHttpResponse | HttpResponse:
    """The file, or the one range that was asked for: 206; 416 where it lies outside. The entity tag is the checksum.

    Raises:
        FileNotFoundError: somebody removed the file.
    """
    stream = path.open("rb")
    size = path.stat().st_size
    tag = f'"{sha256}"'
    response: FileResponse | StreamingHttpResponse | HttpResponse
    asked = _RANGE.match(request.headers.get("Range", ""))
    if asked is None or asked[0] == "bytes=-" or request.headers.get("If-Range", tag) != tag:
        response = FileResponse(stream, as_attachment=True, filename=name, content_type=content_type)
    else:
        first, last = _span(asked, size)
        if first > last:
            stream.close()
            response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        else:
            stream.seek(first)
            length = last - first + 1
            response = StreamingHttpResponse(_blocks(stream, length), status=206, content_type=content_type)
            response["Content-Range"] = f"bytes {first}-{last}/{size}"
            response["Content-Length"] = str(length)
            response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Accept-Ranges"] = "bytes"
    if sha256:
        response["ETag"] = tag
        response["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"
    return response


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    """First and last byte; the first lies behind the last where there is nothing to give."""
    if not asked[1]:  # the last n bytes
        return max(0, size - int(asked[2])), size - 1
    return int(asked[1]), min(size - 1, int(asked[2]) if asked[2] else size - 1)


def _blocks(stream: IO[bytes], left: int) -> Iterator[bytes]:
    with stream:
        while left and (block := stream.read(min(BLOCK, left))):
            left -= len(block)
            yield block
