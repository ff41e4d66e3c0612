"""The bytes that each token of a vocabulary adds to a text."""

import json
import re
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Pieces:
    """What a tokenizer's tokens write. Special tokens, and numbers that are no token, write nothing."""

    def __init__(self, tokenizer: Any) -> None:
        backend = tokenizer.backend_tokenizer
        decoders = _types(json.loads(backend.to_str()).get("decoder"))
        names = {number: name for name, number in backend.get_vocab(with_added_tokens=True).items()}
        added = backend.get_added_tokens_decoder()
        special = {number for number, token in added.items() if token.special} | set(tokenizer.all_special_ids)
        self._backend = backend
        self._words = "WordPiece" in decoders
        self._pieces = [b""] * (max(names, default=-1) + 1)
        if "ByteLevel" in decoders:
            for number, name in names.items():
                self._pieces[number] = name.encode() if number in added else _bytes_of(name)
        else:
            # What a token adds is seen behind another one: at the beginning some decoders drop a space.
            anchor = backend.encode("a", add_special_tokens=False).ids[-1:]
            before = backend.decode(anchor, skip_special_tokens=False)
            both = backend.decode_batch([[*anchor, number] for number in names], skip_special_tokens=False)
            for (number, name), text in zip(names.items(), both, strict=True):
                byte = _BYTE.fullmatch(name) if "ByteFallback" in decoders else None
                self._pieces[number] = bytes.fromhex(byte[1]) if byte else text.removeprefix(before).encode()
        for number in special:
            self._pieces[number] = b""

    def after(self, token: int) -> bytes:
        """The bytes of a token that comes after others."""
        return self._pieces[token] if token < len(self._pieces) else b""

    def first(self, token: int) -> bytes:
        """The bytes of a token that an answer begins with: tokenizers of words write no space before it."""
        if self._words and self.after(token):
            return str(self._backend.decode([token], skip_special_tokens=False)).encode()
        return self.after(token)


def _types(decoder: Any) -> set[str]:
    if not isinstance(decoder, dict):
        return set()
    return {str(decoder.get("type"))}.union(*map(_types, decoder.get("decoders", ())))


def _byte_characters() -> dict[str, int]:
    """How byte-level BPE writes bytes as characters: those that print as themselves, the others from 256 on (GPT-2)."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printed)]
    return {chr(byte): byte for byte in printed} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _byte_characters()


def _bytes_of(name: str) -> bytes:
    if any(character not in _BYTES for character in name):
        return name.encode()
    return bytes(_BYTES[character] for character in name)
