import json

from upcracknet.cli.main import run


def test_methods_are_listed(capsys):
    assert run(["methods"]) == 0
    output = capsys.readouterr()
    listed = {method["name"]: method for method in json.loads(output.out)}
    assert listed["riad"]["parameters"] == 28_805_699
    assert listed["unet"]["learns_from"] == "annotated photos"
    assert listed["sauvola"]["learns_from"] is listed["sauvola"]["parameters"] is None
    assert "28.81" in output.err
    assert "nothing" in output.err
