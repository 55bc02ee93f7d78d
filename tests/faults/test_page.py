from tests.faults.page import PAGE, filled


def test_the_page_has_the_tables_of_what_is_tested():
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page
