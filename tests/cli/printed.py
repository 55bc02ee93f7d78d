"""What a command printed, for tests."""


def error_line(capsys) -> str:
    """The single line on standard error that tells the error."""
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert "Traceback" not in printed.err
    return lines[0]
