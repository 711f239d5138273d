"""Text files of the encodings that spreadsheets write."""

import pytest

from ecoassets.core.errors import TableError
from ecoassets.core.inputs.encodings import copy_as_utf_8, decoded, is_utf_8

TEXT = "地类,面积\n林地,1.5\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_same_text_comes_out_of_each(tmp_path, encoding):
    path = tmp_path / "given" / "table.csv"
    path.parent.mkdir()
    path.write_bytes(TEXT.encode(encoding))
    assert decoded(path.read_bytes(), "table.csv") == TEXT
    assert is_utf_8(str(path)) == encoding.startswith("utf-8")
    (path.parent / "table.csvt").write_text('"String","Real"')
    copy = copy_as_utf_8(str(path), str(tmp_path))
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == TEXT
    assert (copy, (tmp_path / "table.csvt").is_file()) == (str(tmp_path / "table.csv"), True)


def test_what_is_no_text_is_told():
    with pytest.raises(TableError, match=r"Table t\.csv is neither UTF-8 nor GB 18030"):
        decoded(b"\x81\x20\xff\xff", "t.csv")
