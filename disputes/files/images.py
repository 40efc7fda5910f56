"""Pictures are decoded and written anew: what is kept are pixels, and nothing else that was in the file."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

from disputes.files.kinds import FileKind, Refused
from disputes.files.limits import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS, MOST_PIXELS_JPEG

JPEG_QUALITY, SMALLER_QUALITY = 90, 75
THUMBNAIL_SIDE = 320
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Picture:
    """``kind`` JPEG or PNG; ``width`` and ``height`` in pixels, as it is shown."""

    kind: FileKind
    content: bytes
    width: int
    height: int


def redrawn(content: bytes, kind: FileKind) -> Picture:
    """The same picture, turned as it is to be seen, without place, camera or anything else that was written into the file.

    PNG stays PNG while it is small enough; all else becomes JPEG, transparent parts white. Of a moving picture the first frame
    is kept. Raises Refused: too_many_pixels (before anything is decoded), image_damaged.
    """
    try:
        check_size(content, kind)
        # Only the decoder of what it begins as may run.
        with Image.open(io.BytesIO(content), formats=[kind.value]) as opened:
            _check(opened.width, opened.height, kind)
            if kind is FileKind.JPEG:
                # Decodes at a half, a quarter, or an eighth of its size where that is still enough.
                opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            opened.load()
            orientation = opened.getexif().get(0x0112)
            picture = _flat(opened)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise Refused("too_many_pixels") from problem
    # A broken picture fails in dozens of ways, and what it can't be opened for makes no difference to who sent it.
    except Exception as problem:
        raise Refused("image_damaged") from problem
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    picture = _turned(picture, orientation)
    found = _written(picture, FileKind.PNG if kind is FileKind.PNG else FileKind.JPEG)
    if len(found.content) > MOST_BYTES:
        found = _written(picture, FileKind.JPEG, SMALLER_QUALITY)
    return found


def thumbnail(content: bytes, kind: FileKind) -> bytes:
    """A small JPEG of a picture that was redrawn before."""
    with Image.open(io.BytesIO(content), formats=[kind.value]) as opened:
        opened.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        small = opened.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return _written(small, FileKind.JPEG).content


def check_size(content: bytes, kind: FileKind) -> None:
    """Looks at the size in the file's own header: opening some formats takes the memory for all pixels at once."""
    if kind is FileKind.PNG:
        if content[12:16] != b"IHDR" or len(content) < 33:
            raise Refused("image_damaged")
        width, height = struct.unpack(">II", content[16:24])
        _check(width, height, kind)
    elif kind is FileKind.WEBP:
        _check(*_webp_size(content), kind)


def _check(width: int, height: int, kind: FileKind) -> None:
    most = MOST_PIXELS_JPEG if kind is FileKind.JPEG else MOST_PIXELS
    if width < 1 or height < 1:
        raise Refused("image_damaged")
    if width * height > most:
        raise Refused("too_many_pixels")


def _webp_size(content: bytes) -> tuple[int, int]:
    """Of the extended form, the lossy and the lossless one (RFC 9649). Raises Refused image_damaged."""
    if len(content) < 30:
        raise Refused("image_damaged")
    form = content[12:16]
    if form == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise Refused("image_damaged")


def _flat(opened: Image.Image) -> Image.Image:
    """Red, green and blue alone: no palette, whose bytes would be kept, no transparent parts, no other colors."""
    if opened.mode.startswith("I"):
        return opened.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if opened.has_transparency_data:
        layered = opened.convert("RGBA")
        found = Image.new("RGB", layered.size, _WHITE)
        found.paste(layered, mask=layered.getchannel("A"))
        return found
    return opened.convert("RGB")


def _turned(picture: Image.Image, orientation: object) -> Image.Image:
    """As the camera was held: the eight values of the Exif standard, anything else is upright."""
    if not isinstance(orientation, int) or not 2 <= orientation <= 8:
        return picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.info = {"exif": exif.tobytes()}
    turned = ImageOps.exif_transpose(picture)
    turned.info = {}
    return turned


def _written(picture: Image.Image, kind: FileKind, quality: int = JPEG_QUALITY) -> Picture:
    # A picture keeps what stood beside its pixels (comments, profiles), and some of it is written again unless it goes.
    picture.info = {}
    buffer = io.BytesIO()
    if kind is FileKind.PNG:
        picture.save(buffer, "PNG", optimize=False)
    else:
        picture.save(buffer, "JPEG", quality=quality, exif=b"", icc_profile=None, comment=b"")
    return Picture(kind, buffer.getvalue(), picture.width, picture.height)
