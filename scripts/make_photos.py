#!/usr/bin/env python3
"""Makes a tree of small photos, each different, as years of trips fill it.

    make_photos.py FOLDER

FOLDER gets 2022 to 2025 with six trips each, every trip with 100 photos of which 30 lie in a folder
of their own, Private in each year, and two photos beside the years. Their times are long past, as
files that were just written are left for a later scan.
"""

import argparse
import os
import pathlib
import struct

TRIPS = ["02 Alps", "04 Oslo", "05 Lisbon", "07 Rome", "09 Crete", "12 Vienna"]


def segment(marker, payload):
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def exif(taken):
    """A block with nothing but DateTimeOriginal."""
    text = taken.encode() + b"\0"
    first = struct.pack(">HHHII", 1, 0x8769, 4, 1, 26) + struct.pack(">I", 0)
    second = struct.pack(">HHHII", 1, 0x9003, 2, len(text), 44) + struct.pack(">I", 0)
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + second + text


def photo(number, taken):
    """A grey square of 8 by 8 pixels. The comment makes its bytes its own."""
    table = b"\0" + bytes([1] * 64)
    frame = struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\0"
    # One code of one bit each: no difference, and the end of the block.
    codes = bytes([1] + [0] * 15) + b"\0"
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xE1, exif(taken)),
            segment(0xFE, f"photo {number}".encode()),
            segment(0xDB, table),
            segment(0xC0, frame),
            segment(0xC4, b"\x00" + codes),
            segment(0xC4, b"\x10" + codes),
            segment(0xDA, b"\x01\x01\0\0\x3f\0"),
            b"\x3f\xff\xd9",
        ]
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    root = parser.parse_args().folder
    count = 0

    def write(folder, year, month, day):
        nonlocal count
        count += 1
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"IMG_{count:04}.jpg"
        minute, second = divmod(count, 60)
        path.write_bytes(photo(count, f"{year}:{month:02}:{day:02} 12:{minute % 60:02}:{second:02}"))
        os.utime(path, (1700000000 + count, 1700000000 + count))

    for year in range(2022, 2026):
        for trip in TRIPS:
            for number in range(100):
                folder = root / str(year) / trip
                write(folder / "Phone" if number >= 70 else folder, year, int(trip[:2]), 1 + number // 4)
        for number in range(5):
            write(root / str(year) / "Private", year, 6, 1 + number)
    for number in range(2):
        write(root, 2025, 1, 1 + number)
    print(f"{count} photos")


if __name__ == "__main__":
    main()
