import io
import zipfile

import pytest

from hub.services import media

OFFICE = "application/vnd.openxmlformats-officedocument."


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"%PDF-1.7", "application/pdf"),
        (archive("[Content_Types].xml", "word/document.xml"), OFFICE + "wordprocessingml.document"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), OFFICE + "spreadsheetml.sheet"),
        (archive("OFD.xml"), "application/ofd"),
        (archive("run.exe"), None),
        ("路灯\r\n不亮".encode(), "text/plain"),
        ("路灯".encode("gb18030"), "text/plain"),
        (b"a\x00b", None),
        (b"MZ\x90\x00", None),
    ],
)
def test_the_bytes_say_what_it_is(content: bytes, found: str | None) -> None:
    assert media.media_type(content) == found


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("照片.JPG", "照片.jpg"),
        ("照片.jpeg", "照片.jpeg"),
        ("/etc/passwd", "passwd.jpg"),
        ("C:\\x\\a.jpg", "a.jpg"),
        ("run.exe", "run.exe.jpg"),
        ("a\u202egpj.exe", "agpj.exe.jpg"),
        ("..", "file.jpg"),
        ("", "file.jpg"),
        (".jpg", "jpg.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
    ],
)
def test_a_name_is_a_name_and_nothing_more(name: str, clean: str) -> None:
    assert media.file_name(name, "image/jpeg") == clean


def test_every_type_that_is_found_has_an_ending() -> None:
    found = {kind for _, kind in media.BEGINNINGS + media.ZIPPED} | set(media.BRANDS.values())
    assert found | {"text/plain", "video/mp4", "audio/wav", "image/webp"} == set(media.SUFFIXES)
