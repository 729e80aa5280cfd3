import pytest

from hub.errors import Invalid
from hub.services import words


@pytest.mark.parametrize(
    "text",
    [
        "请打13800001111",
        "电话:138 0000 1111。",
        "138-0000-1111",
        "+86 13800001111",
        "8613800001111",
        "１３８００００１１１１",
        "1380000\u200b1111",
        "138–0000–1111",
        "2026-11-21 13800001111",
    ],
)
def test_a_mobile_number_is_found_however_it_is_written(text: str) -> None:
    assert words.personal(text) == "a mobile number"


@pytest.mark.parametrize("text", ["420606199001011234", "身份证42060619900101123X号", "420606 19900101 123x"])
def test_an_identity_number_is_found(text: str) -> None:
    assert words.personal(text) == "an ID number"


@pytest.mark.parametrize(
    "text",
    [None, "", "0710-3111111", "12345", "12800001111", "138000011112", "4206060010051380000", "250912345678901234"],
)
def test_other_numbers_are_no_personal_ones(text: str | None) -> None:
    assert words.personal(text) is None


def test_words_are_trimmed_and_bounded() -> None:
    assert words.said("  路灯 ", field="title") == "路灯"
    assert [words.maybe(value, field="note") for value in (None, "", " \n", " 好 ")] == [None, None, None, "好"]
    with pytest.raises(Invalid, match=r"^title is empty: write at least a word\.$"):
        words.said(" ", field="title")
    with pytest.raises(Invalid, match=r"^title has 201 characters: at most 200 are kept\.$"):
        words.said("字" * 201, field="title", most=words.LINE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("查无此人 110101199003074514，", "查无此人 ***，"),
        ("id 110101 19900307 451x", "id ***"),
        ("id=１１０１０１１９９００３０７４５１４", "id=***"),
        ("008613800001111, (0477) 8123456", "0086138****1111, (0477) ****3456"),
        ("138 00 00 11 11", "138****11 11"),
        ("order 250912345678901234 of ２ pages", "order 250912345678901234 of ２ pages"),
    ],
)
def test_personal_numbers_are_masked_for_those_who_read_words(text: str, told: str) -> None:
    assert words.masked(text) == told
