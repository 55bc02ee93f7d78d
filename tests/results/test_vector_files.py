import http.server
import json
import threading

import pytest

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.results.roads import Roads
from upcracknet.results.vector_files import require_vector_file
from upcracknet.survey.line_layer import read_lines

SQUARE = {"type": "Polygon", "coordinates": [[[7, 46], [8, 46], [8, 47], [7, 46]]]}
GEOJSON = json.dumps(
    {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}]}
)

LIST = (
    '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>'
    "</OGRVRTDataSource>"
)


@pytest.fixture
def host():
    """A host that counts who asks it."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize(
    "content",
    [
        LIST.format("{folder}/secret.geojson"),
        '<?xml version="1.0"?>\n<!-- roads -->\n' + LIST.format("{host}/a.json"),
        "<OGRWFSDataSource><URL>{host}/wfs</URL></OGRWFSDataSource>",
        "<GDAL_WMS><Service name=\"TMS\"><ServerUrl>{host}/</ServerUrl></Service></GDAL_WMS>",
        "/vsicurl/{host}/a.geojson",
        "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["road.geojson", "road.vrt", "road.gpkg"])
def test_lists_of_other_files_and_hosts_are_not_opened(tmp_path, host, name, content):
    address, asked = host
    (tmp_path / "secret.geojson").write_text(GEOJSON)
    (tmp_path / name).write_text(content.format(folder=tmp_path, host=address))
    with pytest.raises(ConfigurationError, match="no file of shapes"):
        Roads.read(tmp_path / name)
    with pytest.raises(DataError, match="no file of shapes"):
        read_lines(tmp_path / name)
    assert not asked


def test_files_that_hold_shapes_are_opened(tmp_path):
    (tmp_path / "road.geojson").write_text("\ufeff  " + GEOJSON)
    require_vector_file(tmp_path / "road.geojson")
    (tmp_path / "road.geojson").write_text(GEOJSON)
    assert len(Roads.read(tmp_path / "road.geojson").polygons) == 1
    for start in (
        b'<?xml version="1.0"?>\n<kml xmlns="x">',
        b"<gpx>",
        b"<!-- a -->\n<ogr:FeatureCollection>",
        b"fgb\3",
        b"PAR1",
    ):
        (tmp_path / "road.kml").write_bytes(start)
        require_vector_file(tmp_path / "road.kml")
