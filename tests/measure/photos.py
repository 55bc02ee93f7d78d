"""Photos with what a camera notes in them, for tests."""

import io
from pathlib import Path

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

B, G = ExifTags.Base, ExifTags.GPS
DOWN = {"GimbalPitchDegree": "-90.00"}


def photo_bytes(xmp=DOWN, gps=None, exif=None, orientation=1, *, elements=False) -> bytes:
    """A JPEG with a drone's notes, as attributes or as elements of XMP."""
    tags = Image.Exif()
    tags[B.Orientation] = orientation
    tags.get_ifd(ExifTags.IFD.Exif).update(exif or {})
    tags.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    packet = "<rdf:Description " + " ".join(f'drone-dji:{k}="{v}"' for k, v in xmp.items()) + "/>"
    if elements:
        inside = "".join(f"<drone-dji:{k}>{v}</drone-dji:{k}>" for k, v in xmp.items())
        packet = f"<rdf:Description>{inside}</rdf:Description>"
    file = io.BytesIO()
    Image.new("RGB", (60, 40)).save(file, "JPEG", exif=tags, xmp=packet.encode())
    return file.getvalue()


def photo(*notes, **more) -> Image.Image:
    """The same, opened."""
    return Image.open(io.BytesIO(photo_bytes(*notes, **more)))


def write_photo(path: Path, *notes, **more) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(photo_bytes(*notes, **more))
    return path


def place(latitude: float, longitude: float):
    def parts(degrees: float):
        minutes = abs(degrees) % 1 * 60
        return int(abs(degrees)), int(minutes), IFDRational(round(minutes % 1 * 60 * 10_000), 10_000)

    return {
        G.GPSLatitude: parts(latitude),
        G.GPSLatitudeRef: "N" if latitude > 0 else "S",
        G.GPSLongitude: parts(longitude),
        G.GPSLongitudeRef: "E" if longitude > 0 else "W",
    }
