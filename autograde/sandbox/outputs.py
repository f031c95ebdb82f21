"""Outputs of a cell: collected in the student's process, checked again on the trusted side.

Between the two, an output is a small JSON record, and its texts travel apart, in the body of the
frame, so that neither side parses large JSON.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from autograde.sandbox.bounds import TransportError

MIME = re.compile(r"[a-z]+/[a-zA-Z0-9.+-]{1,80}")
KINDS = ("stream", "display_data", "execute_result", "error")
NO_TEXT = ("application/json", "+json")  # as texts they would be no JSON, and break their readers
METADATA = ("width", "height", "isolated", "needs_background")
NAME_LIMIT = 200


class Collector:
    """Gathers a cell's outputs in nbformat's shape, within bounds.

    Args:
        max_bytes: bytes of all texts together; what exceeds them is dropped, with a note.
        max_count: number of outputs.
    """

    def __init__(self, max_bytes: int, max_count: int) -> None:
        self.max_bytes, self.max_count = max_bytes, max_count
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.outputs: list[dict[str, Any]] = []
        self._ids: dict[int, str] = {}
        self._room = self.max_bytes
        self._full = self._clear_next = False

    def clear_later(self, wait: bool) -> None:
        """``clear_output``: now, or when the next output comes."""
        self._clear_next = wait
        if not wait:
            self.clear()

    def stream(self, name: str, text: str) -> None:
        """Text that was printed."""
        if not text or not self._make_room(len(text)):
            return
        last = self.outputs[-1] if self.outputs else None
        if last and last["output_type"] == "stream" and last["name"] == name:
            last["text"].append(text)
        else:
            self._add({"output_type": "stream", "name": name, "text": [text]})

    def bundle(
        self,
        kind: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        count: int | None = None,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Something displayed, or the value of the cell's last line."""
        texts = {mime: value for mime, value in data.items() if isinstance(value, str)}
        if not texts or not self._make_room(sum(map(len, texts.values()))):
            return
        output: dict[str, Any] = {
            "output_type": kind,
            "data": texts,
            "metadata": _kept(metadata or {}),
        }
        if kind == "execute_result":
            output["execution_count"] = count
        if update:
            self._update(display_id, output)
        else:
            self._add(output, display_id)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An exception that ended the cell."""
        if self._make_room(len(value) + sum(map(len, traceback))):
            self._add(
                {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}
            )
        elif self.outputs and not any(one["output_type"] == "error" for one in self.outputs):
            self.outputs.append(
                {"output_type": "error", "ename": name, "evalue": value[:500], "traceback": []}
            )

    def _add(self, output: dict[str, Any], display_id: str | None = None) -> None:
        if display_id:
            self._ids[len(self.outputs)] = display_id
        self.outputs.append(output)

    def _update(self, display_id: str | None, output: dict[str, Any]) -> None:
        for index, known in self._ids.items():
            if known == display_id and index < len(self.outputs):
                old = self.outputs[index]
                self.outputs[index] = {**old, **{k: output[k] for k in ("data", "metadata")}}

    def _make_room(self, size: int) -> bool:
        if self._clear_next:
            self.clear()
        if self._full:
            return False
        self._room -= size
        self._full = self._room < 0 or len(self.outputs) >= self.max_count
        if self._full:
            note = "\n[the outputs of this cell are longer than what is kept; the rest is cut]\n"
            self._add({"output_type": "stream", "name": "stderr", "text": [note]})
        return not self._full


def _kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Of a mime bundle's metadata, the sizes of pictures: ``{"image/png": {"width": 320}}``."""
    return {
        mime: {key: value for key, value in entry.items() if _is_measure(key, value)}
        for mime, entry in metadata.items()
        if isinstance(entry, Mapping) and isinstance(mime, str) and MIME.fullmatch(mime)
    }


def _is_measure(key: object, value: object) -> bool:
    if isinstance(value, bool | int | float):
        return key in METADATA and math.isfinite(value)
    return key in METADATA and (value is None or value in ("light", "dark"))


def packed(outputs: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bytes]:
    """Outputs as small records, and the texts that they name by length, one after another."""
    chunks: list[bytes] = []

    def put(text: str) -> int:
        chunks.append(text.encode("utf-8", "replace"))
        return len(chunks[-1])

    records: list[dict[str, Any]] = []
    for output in outputs:
        record = dict(output)
        if output["output_type"] == "stream":
            record["text"] = put("".join(output["text"]))
        elif output["output_type"] == "error":
            record["evalue"] = put(output["evalue"])
            record["traceback"] = put("\n".join(output["traceback"]))
        else:
            record["data"] = [[mime, put(text)] for mime, text in output["data"].items()]
        records.append(record)
    return records, b"".join(chunks)


def unpacked(records: Any, body: bytes, max_count: int) -> list[dict[str, Any]]:
    """The outputs that a student's process claims, as nbformat v4 dicts.

    Raises:
        TransportError: they are not what :func:`packed` writes.
    """
    if not isinstance(records, list) or len(records) > max_count + 2:
        raise TransportError(f"expected at most {max_count} outputs")
    texts = _Texts(body)
    return [_output(record, texts) for record in records]


class _Texts:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, length: Any) -> str:
        if type(length) is not int or not 0 <= length <= len(self._body) - self._at:
            raise TransportError("expected the length of a text that is there")
        self._at += length
        return self._body[self._at - length : self._at].decode("utf-8", "replace")


def _output(record: Any, texts: _Texts) -> dict[str, Any]:
    kind = record.get("output_type") if isinstance(record, dict) else None
    if kind == "stream":
        name = "stderr" if record.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": texts.take(record.get("text"))}
    if kind == "error":
        return {
            "output_type": kind,
            "ename": _name(record.get("ename")),
            "evalue": texts.take(record.get("evalue")),
            "traceback": texts.take(record.get("traceback")).split("\n"),
        }
    if kind in KINDS:
        return _bundle(kind, record, texts)
    raise TransportError("expected an output of a kind that notebooks have")


def _name(found: Any) -> str:
    """An exception's name; half characters can't be stored."""
    name = found[:NAME_LIMIT] if isinstance(found, str) else "Error"
    return name.encode("utf-8", "replace").decode()


def _bundle(kind: str, record: dict[str, Any], texts: _Texts) -> dict[str, Any]:
    pairs, metadata = record.get("data"), record.get("metadata")
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise TransportError("expected mime types and texts")
    data: dict[str, str] = {}
    for mime, length in pairs:
        if not isinstance(mime, str) or not MIME.fullmatch(mime):
            raise TransportError("expected a mime type")
        text = texts.take(length)
        if not mime.endswith(NO_TEXT):
            data[mime] = text
    output: dict[str, Any] = {
        "output_type": kind,
        "data": data,
        "metadata": _kept(metadata) if isinstance(metadata, dict) else {},
    }
    if kind == "execute_result":
        count = record.get("execution_count")
        small = type(count) is int and 0 <= count < 1 << 31
        output["execution_count"] = count if small else None
    return output


def error_line(shown: list[dict[str, Any]], status: str) -> str:
    """The error that a cell showed last, in a line; empty where it ended well."""
    if status == "ok":
        return ""
    for output in reversed(shown):
        if output["output_type"] == "error":
            return f"{output['ename']}: {output['evalue']}".rstrip(": ")[:500]
    return "the cell did not run to its end"
