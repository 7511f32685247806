"""What a file says it is, how far it unfolds, and what is left of it."""

import io
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from airside.core.errors import InvalidInput, Misconfigured, TooLarge, UnsupportedMedia
from airside.shield.uploads import ARCHIVES, IMAGES, PDF, TEXT, Upload, UploadRule, download_headers, examine, safe_name
from airside.shield.uploads.images import MAX_SCANS
from tests.shield.kit import LAWFUL, MISLEADING

SECRET = "canary-7f3a9c"
ALL = UploadRule(kinds=IMAGES | PDF | TEXT | ARCHIVES, max_bytes=200_000, max_unpacked=1_000_000, max_entries=20)
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}


def image(kind: str = "image/png", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, FORMATS[kind], **options)
    return file.getvalue()


def archive(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return file.getvalue()


def one(data: bytes, rule: UploadRule = ALL) -> Upload:
    (upload,) = examine([data], rule)
    return upload


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", sorted(IMAGES))
def test_an_image_is_another_file_of_the_same_pixels_and_size(kind: str) -> None:
    upload = one(image(kind))
    assert (upload.kind, _opened(upload.data).size) == (kind, (40, 20))
    red, green, blue = _opened(upload.data).convert("RGB").tobytes()[:3]
    assert red > 180 > 60 > max(green, blue)


def test_metadata_goes_and_the_picture_stays_upright() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = SECRET, 6  # a description; the camera was held on its side
    for kind in ("image/jpeg", "image/webp", "image/png"):
        made = one(image(kind, exif=exif, icc_profile=SECRET.encode() * 20)).data
        assert SECRET.encode() not in made
        assert (_opened(made).size, len(_opened(made).getexif())) == ((20, 40), 0)
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", SECRET)
    assert SECRET.encode() not in one(image(pnginfo=text)).data


def test_what_hangs_on_an_image_or_hides_in_it_is_gone() -> None:
    """A polyglot passes every reading of magic numbers; it doesn't pass being drawn anew."""
    script = b"/*" + SECRET.encode() + b"*/=1;alert(1)//"
    for data in (image() + script, image("image/gif") + script, image("image/gif", comment=script)):
        assert SECRET.encode() not in one(data).data


def test_grey_of_16_bits_keeps_its_shades() -> None:
    shades = Image.frombytes("I;16", (16, 1), struct.pack("<16H", *range(0, 65536, 4096)))
    for options, alpha in (({}, 255), ({"transparency": 4096}, 0)):
        file = io.BytesIO()
        shades.save(file, "PNG", **options)
        drawn = _opened(one(file.getvalue()).data).convert("RGBA")
        assert [drawn.getpixel((x, 0)) for x in (0, 8)] == [(0, 0, 0, 255), (128, 128, 128, 255)]
        assert drawn.getpixel((1, 0)) == (16, 16, 16, alpha)


def test_a_pixel_bomb_is_refused_before_it_is_drawn() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    for side in (5_000, 60_000):
        head = chunk(b"IHDR", struct.pack("!IIBBBBB", side, side, 8, 2, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")
        with pytest.raises(TooLarge):
            one(bomb)


def _of_scans(scans: int) -> bytes:
    """A progressive JPEG; most of its scans are the last one over again, in a few bytes."""
    file = io.BytesIO()
    Image.new("L", (64, 64), 128).save(file, "JPEG", progressive=True)
    whole = file.getvalue()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * (scans - whole.count(b"\xff\xda")) + b"\xff\xd9"


def test_a_bomb_of_scans_is_refused_before_it_is_drawn() -> None:
    assert one(_of_scans(MAX_SCANS)).kind == "image/jpeg"
    for bomb in (_of_scans(MAX_SCANS + 1), _of_scans(3_000)):
        with pytest.raises(TooLarge):
            one(bomb)


def test_what_merely_looks_like_scans_within_or_behind_a_jpeg_is_taken() -> None:
    thumbnail = _of_scans(1_000)  # which nobody decodes
    film = b"\xff\xda" * 1_000
    for data in (image("image/jpeg", comment=thumbnail), image("image/jpeg") + film):
        assert one(data).kind == "image/jpeg"
    many = image("image/jpeg", (400, 400), progressive=True, restart_marker_blocks=1)
    assert one(many).kind == "image/jpeg"


@pytest.mark.parametrize("cut", [20, 45])
def test_a_damaged_image_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInput):
        one(image()[:cut])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"plain words\n", "text/plain"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (archive({"a": b"b"}), "application/zip"),
    ],
    ids=["text", "pdf", "zip"],
)
def test_other_kinds_are_known_by_content_and_kept_as_they_are(data: bytes, kind: str) -> None:
    assert one(data) == Upload(kind, data)


@pytest.mark.parametrize(
    "data",
    [b"MZ\x90\x00" + bytes(200), b"\x7fELF" + bytes(60), b"\x00\x01\x02\x03", b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["exe", "elf", "noise", "svg"],
)  # fmt: skip
def test_a_kind_that_the_place_does_not_take_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        one(data, UploadRule(kinds=IMAGES))


@pytest.mark.parametrize("word", LAWFUL, ids=ascii)
def test_any_language_is_text_and_names_an_entry(word: str) -> None:
    text = f"\ufeffname,what\r\n{word},\tx\f\n\u200f{word}".encode()
    assert one(text) == Upload("text/plain", text)
    assert one(archive({f"{word}/{word}.txt": b"x"})).kind == "application/zip"
    assert safe_name(f"a{word}.txt") == unicodedata.normalize("NFKC", f"a{word}.txt")


@pytest.mark.parametrize("character", MISLEADING, ids=ascii)
def test_what_misleads_is_in_no_text_and_no_name(character: str) -> None:
    if character not in "\t\n\r\f\u2028\u2029\u200e\u200f":
        with pytest.raises(UnsupportedMedia):
            one(f"a{character}b".encode("utf-8", "surrogatepass"))
    if character not in "\0\ud800":  # a name ends at the first, and the other has no bytes
        with pytest.raises(InvalidInput):
            one(archive({f"a{character}b": b"x"}))
    assert safe_name(f"a{character}b") == "ab"


def test_an_image_where_only_text_is_taken_is_refused() -> None:
    with pytest.raises(UnsupportedMedia):
        one(image(), UploadRule(kinds=TEXT))


def test_sizes_and_counts_are_bounded() -> None:
    with pytest.raises(TooLarge):
        one(b"x" * 200_001)
    with pytest.raises(TooLarge):
        examine([b"x"] * 11, ALL)
    with pytest.raises(InvalidInput):
        one(b"")


def test_an_archive_that_unfolds_too_far_is_refused_whatever_it_says() -> None:
    bomb = archive({"a": b"\0" * 1_000_001})
    with pytest.raises(TooLarge):
        one(bomb)
    told = bomb.replace(struct.pack("<I", 1_000_001), struct.pack("<I", 10))  # in both places where sizes stand
    with pytest.raises((TooLarge, InvalidInput)):
        one(told)
    with pytest.raises(TooLarge):
        one(archive({str(number): b"" for number in range(21)}))


def _claimed(data: bytes, size: int, *, method: int = 8, says: bytes = b"", short: int = 0) -> bytes:
    """An archive of one entry, `data` deflated, that says `size`, and the checksum of as many bytes; the entry's own
    header says `method`, and ends `short` bytes early."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    folded = deflater.compress(data) + deflater.flush() + says
    facts = struct.pack("<HHIII", 0, 0, zlib.crc32(data[:size]), len(folded) - short, size)
    entry = struct.pack("<4sHHH", b"PK\3\4", 20, 0, method) + facts + struct.pack("<HH", 1, 0) + b"a" + folded
    listed = (
        struct.pack("<4sHHHH", b"PK\1\2", 20, 20, 0, 8) + facts + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
    )
    return entry + listed + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(entry), 0)


def test_an_entry_is_unfolded_to_its_own_end_and_not_to_the_one_it_is_told_of() -> None:
    """`zipfile` stops reading where the directory says that the entry ends."""
    zeros = b"\0" * 2_000_000
    assert one(_claimed(zeros[:500_000], 500_000)).kind == "application/zip"
    with pytest.raises(TooLarge):
        one(_claimed(zeros, 1))
    for lie in (
        _claimed(zeros[:1000], 1),
        _claimed(zeros[:1000], 1000, says=b"more"),
        _claimed(zeros[:1000], 1000, short=1),
        _claimed(zeros[:1000], 1000, method=0),
    ):
        with pytest.raises(InvalidInput):
            one(lie)


def test_a_stored_entry_is_as_large_as_it_says() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a", b"x" * 1000)
    stored = bytearray(file.getvalue())
    assert one(bytes(stored)).kind == "application/zip"
    listed = stored.index(b"PK\1\2")
    stored[listed + 16 : listed + 20] = struct.pack("<I", zlib.crc32(b"x"))
    stored[listed + 24 : listed + 28] = struct.pack("<I", 1)
    with pytest.raises(InvalidInput):
        one(bytes(stored))


def test_entries_that_overlap_are_refused() -> None:
    """Each unfolds to nothing, and all of them are the same hundred kilobytes of empty blocks."""
    whole = _claimed(b"", 0)
    folded = b"\0\0\0\xff\xff" * 20_000 + b"\3\0"
    entry = whole[:18] + struct.pack("<I", len(folded)) + whole[22:31] + folded
    at = whole.index(b"PK\1\2")
    listed = (whole[at : at + 20] + struct.pack("<I", len(folded)) + whole[at + 24 : at + 47]) * 10
    with pytest.raises(InvalidInput, match="overlap"):
        one(entry + listed + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 10, 10, len(listed), len(entry), 0))


def test_a_directory_of_too_many_is_not_read_to_be_refused() -> None:
    """The end record says there is one. That the last is cut short is known to who reads them all."""
    listed = (struct.pack("<4s24sH16s", b"PK\1\2", b"", 1, b"") + b"a") * 21
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(listed) - 9, 31, 0)
    with pytest.raises(TooLarge):
        one(b"PK\3\4" + bytes(27) + listed[:-9] + end)


def test_an_archive_ends_where_it_says() -> None:
    """Readers look for its end from behind, each in its own way."""
    whole = archive({"a": b"b"})
    hidden = whole[:-6] + b"PK\5\6\0\0"  # a second beginning, where the directory's place is told
    for data in (whole + b"\n", hidden):
        with pytest.raises(InvalidInput):
            one(data)


def test_an_archive_within_an_archive_is_not_counted_as_its_entries() -> None:
    within = archive({str(number): b"" for number in range(60)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("within.zip", within)
        made.comment = b"by hand"
    assert file.getvalue().count(b"PK\1\2") > ALL.max_entries
    assert one(file.getvalue()).kind == "application/zip"


def test_an_archive_that_was_written_as_a_stream_is_taken() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("folder/", b"")
        made.writestr("folder/größe.txt", os.urandom(100_000) + b"x" * 300_000)
    assert one(pipe.getvalue()).kind == "application/zip"


def test_an_archive_with_a_link_is_refused() -> None:
    """What comes after it would be written where it leads."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc")
        made.writestr("link/passwd", "x")
    with pytest.raises(InvalidInput):
        one(file.getvalue())


@pytest.mark.parametrize("name", ["../a", "/a", "C:/a", "a/../../b", "..\\a", "a\nb"], ids=repr)
def test_an_archive_that_leads_out_of_its_folder_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        one(archive({name: b"x"}))


def test_an_archive_that_can_not_be_looked_into_is_refused() -> None:
    whole = archive({"a": b"x" * 1000})
    file = bytearray(whole)
    file[6] |= 1  # encrypted, says the entry; and so says the directory
    file[whole.index(b"PK\x01\x02") + 8] |= 1
    for data in (bytes(file), whole[:-10], whole[:60] + b"\xff" * 20 + whole[80:]):
        with pytest.raises((InvalidInput, TooLarge)):
            one(data)


@pytest.mark.parametrize(
    "settings",
    [{"kinds": frozenset[str]()}, {"kinds": frozenset({"image/svg+xml"})}, {"kinds": TEXT, "max_files": 0}],
    ids=["none", "unknown", "zero"],
)
def test_a_rule_that_says_nothing_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        UploadRule(**settings)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\a.txt", "a.txt"),
        ('a"; filename=b.html', "a filename=b.html"),
        ("a\r\nSet-Cookie: b", "aSet-Cookie b"),
        (".htaccess", "htaccess"),
        ("ex\u202ecod.exe", "excod.exe"),
        ("", "download"),
        ("..", "download"),
        ("x" * 500 + ".pdf", "x" * 146 + ".pdf"),
        ("界" * 200 + ".txt", "界" * 78 + ".txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com¹ .tar.gz", "_Com1 .tar.gz"),
        ("x" * 200 + "aux." + "x" * 146, "_aux." + "x" * 146),
        ("console.txt", "console.txt"),
        ("com10", "com10"),
    ],
    ids=repr,
)
def test_a_name_leads_nowhere(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_download_is_no_page() -> None:
    lines = dict(download_headers("Größe.html", "text/plain"))
    assert (
        lines[b"content-disposition"] == b"attachment; filename=\"Gr__e.html\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.html"
    )
    assert lines[b"x-content-type-options"] == b"nosniff"
