#!/usr/bin/env python3
"""json_read_back.py PROGRAM: Python's json reads what JsonWriter wrote as the same texts and, bit by bit, the same numbers."""
import json
import math
import struct
import subprocess
import sys
import tempfile


def valid_length(text):
    """The length of the code point that starts `text`, by Python's strict decoder, or 0."""
    for length in range(1, 5):
        try:
            if len(text[:length].decode("utf-8")) == 1:
                return length
        except UnicodeDecodeError:
            pass
    return 0


def decode(text):
    """Each byte that is no UTF-8 as U+FFFD."""
    result = ""
    while text:
        length = valid_length(text)
        result += text[:length].decode("utf-8") if length else "\ufffd"
        text = text[max(length, 1):]
    return result


def main(program):
    count = 20000
    with tempfile.NamedTemporaryFile() as file:
        output = subprocess.run([program, str(count), "7", file.name], check=True, capture_output=True).stdout
        raw = file.read()
    rows = json.loads(output.decode("utf-8"), object_pairs_hook=list)
    assert len(rows) == count
    at = broken = 0
    for row in rows:
        size = raw[at]
        text = raw[at + 1:at + 1 + size]
        (number,) = struct.unpack("=d", raw[at + 1 + size:at + 9 + size])
        at += 9 + size
        (key, value), (_, found) = row
        broken += "\ufffd" in value
        assert key == value == decode(text), (text, key, value)
        if math.isnan(number):
            assert found is None
        else:
            assert isinstance(found, float) and struct.pack("=d", found) == struct.pack("=d", number), (number, found)
    assert at == len(raw) and 1000 < broken < count - 1000, broken


main(sys.argv[1])
