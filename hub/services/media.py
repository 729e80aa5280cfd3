"""What a file is, told from its bytes and never from its name."""

import io
import unicodedata
import zipfile

ZIPPED = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("OFD.xml", "application/ofd"),
)
BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"qt  ": "video/quicktime"}
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)
SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "application/x-ole-storage": (".doc", ".xls", ".ppt", ".wps", ".et"),
    "application/ofd": (".ofd",),
    ZIPPED[0][1]: (".docx",),
    ZIPPED[1][1]: (".xlsx",),
    ZIPPED[2][1]: (".pptx",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "video/mp4": (".mp4", ".m4v", ".m4a"),
    "video/quicktime": (".mov",),
    "text/plain": (".txt", ".csv", ".md", ".log"),
}
"""Every type that is taken, with the endings that fit; the first one is given where none does."""

KNOWN = "png, jpeg, gif, webp, heic, pdf, ofd, doc, xls, ppt, docx, xlsx, pptx, amr, mp3, wav, mp4, mov, txt"
LONGEST_NAME = 120


def media_type(content: bytes) -> str | None:
    """The type of a file, by its first bytes; None if it is none that is taken."""
    for beginning, found in BEGINNINGS:
        if content.startswith(beginning):
            return found
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12])
    if content[4:8] == b"ftyp":
        return BRANDS.get(content[8:12], "video/mp4")
    if content[:4] == b"PK\x03\x04":
        return _zipped(content)
    return "text/plain" if _is_text(content) else None


def _zipped(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    return next((found for start, found in ZIPPED if any(name.startswith(start) for name in names)), None)


def _is_text(content: bytes) -> bool:
    """UTF-8 or GB 18030, with no control characters but tabs and line ends."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n\f" for sign in text)
    return False


def file_name(name: str, found: str) -> str:
    """The name without a path, control or direction characters, of bearable length, with an ending that fits the type.

    A program that calls itself a picture keeps its name and gets the picture's ending behind it.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip(" .")
    stem, dot, ending = clean.rpartition(".")
    suffix = f".{ending.lower()}" if dot else ""
    if suffix not in SUFFIXES[found]:
        stem, suffix = clean, SUFFIXES[found][0]
    return (stem.strip(" .") or "file")[: LONGEST_NAME - len(suffix)] + suffix
