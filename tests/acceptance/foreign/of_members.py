"""What is spoilt in members of the library, field by field."""

import math

from bson import Binary, Decimal128, Int64, ObjectId, Regex

from tests.acceptance.foreign.planting import Fault, differs, in_document, in_row, sets, third
from tests.acceptance.foreign.stores import hexa, row_id

# -- fields of members -------------------------------------------------------------------------------------------------

MEMBER_FIELDS = [
    in_row("member", "decomposed letters", "full_name = normalize(full_name, NFD)", ("full_name", "value")),
    in_row("member", "a zero-width joiner", "full_name = full_name || U&'\\200D'", ("full_name", "value")),
    in_row("member", "a no-break space", "full_name = replace(full_name, ' ', U&'\\00A0')", ("full_name", "value")),
    in_row("member", "a Cyrillic letter", "full_name = replace(full_name, 'A', U&'\\0410')", ("full_name", "value")),
    in_row("member", "a blank in front", "full_name = ' ' || full_name", ("full_name", "value")),
    in_row("member", "the last of a million letters", "full_name = repeat('a', 999999) || 'b'", ("full_name", "value")),
    in_row("member", "emptied", "full_name = ''", ("full_name", "value")),
    in_row("member", "null", "full_name = null", ("full_name", "missing_field")),
    in_document("member", "text missing", {"full_name": None}, ("full_name", "extra_field")),
    in_document("member", "U+0000 in a text", {"full_name": "a\0"}, ("full_name", "value")),
    in_document("member", "a regular expression", {"full_name": Regex("a")}, ("full_name", "type")),
    in_row("member", "another nick", "nick = nick || U&'\\0131'", ("nick", "value")),
    in_row("member", "upper case kept", "e_mail = initcap(e_mail)", ("e_mail", "value")),
    in_document("member", "an address in an array", {"e_mail": ["a@b.example"]}, ("e_mail", "type")),
    in_row("member", "a leading zero lost", "card_code = ltrim(card_code, '0')", ("card.code", "value")),
    in_document("member", "a number for a code", {"card.code": 7}, ("card.code", "type")),
    in_document("member", "an object is a text", {"card": "gone"}, ("card.code", "type"), ("card.status", "type")),
    in_row("member", "another enum value", "card_status = 'barred'", ("card.status", "value")),
    in_row("member", "a cent", "balance = balance + 0.01", ("balance", "value")),
    in_document("member", "a double for a text", {"balance": 1.5}, ("balance", "type")),
    in_row("member", "NaN", "balance = 'NaN'", ("balance", "value")),
    in_row("member", "a millionth", "fee = fee - 0.000001", ("fee", "value")),
    in_row("member", "minor units", "fee = fee * 100", ("fee", "value")),
    in_document("member", "Decimal128 infinity", {"fee": Decimal128("Infinity")}, ("fee", "value")),
    in_row("member", "one beyond 2^60", "points = points + 1", ("points", "value")),
    in_document("member", "digits as text", {"points": str(2**60)}, ("points", "type")),
    in_document("member", "half a point", {"points": 2.5}, ("points", "value")),
    in_document("member", "a Decimal128 for a Long", {"points": Decimal128("7")}, ("points", "type")),
    Fault(
        name="the next double",
        home="member",
        plant=lambda shop, number: sets("member", number, shop, {"score": math.nextafter(number / 7, 9e9)}),
        expect=differs("member", ("score", "value")),
    ),
    in_document("member", "NaN in the source", {"score": math.nan}, ("score", "value")),
    in_row("member", "flipped", "is_staff = not is_staff", ("is_staff", "value")),
    in_document("member", "1 for true", {"is_staff": 1}, ("is_staff", "type")),
    in_document("member", "a missing boolean is not false", {"is_staff": None}, ("is_staff", "extra_field")),
    in_row("member", "a byte lost", "photo = substring(photo from 1 for 2)", ("photo", "value")),
    in_document("member", "a UUID for bytes", {"photo": Binary(bytes(16), 4)}, ("photo", "type")),
    in_document("member", "Base64 for bytes", {"photo": "AAD/"}, ("photo", "type")),
    in_row("member", "coordinates swapped", "home_lon = home_lat, home_lat = home_lon",
           ("home.geo[0]", "value"), ("home.geo[1]", "value")),
    in_document("member", "one coordinate", {"home.geo": [1.5]},
                ("home.geo[0]", "value"), ("home.geo[1]", "extra_field")),
    in_document("member", "no home", {"home": None},
                ("home.branch", "extra_field"), ("home.geo[0]", "extra_field"), ("home.geo[1]", "extra_field")),
    in_row("member", "another branch", "home_branch = upper(home_branch) || 'x'", ("home.branch", "value")),
    in_row("member", "a millisecond before 1970", "born_at = born_at - interval '1 ms'", ("born_at", "value")),
    in_row("member", "half an hour", "born_at = born_at + interval '30 min'", ("born_at", "value")),
    in_row("member", "infinity", "born_at = '-infinity'", ("born_at", "value")),
    in_document("member", "seconds for a date", {"born_at": Int64(-1)}, ("born_at", "type")),
]  # fmt: skip

# -- json, arrays, references, keys of members -------------------------------------------------------------------------


def jsonb(path: str, value: str) -> str:
    """A change inside prefs."""
    return f"prefs = jsonb_set(prefs, '{path}', '{value}')"


NESTED = [
    in_row("member", "a leaf", jsonb("{theme,dark}", "false"), ("prefs.theme.dark", "value")),
    in_row("member", "a name with a dot", jsonb("{theme,a.b}", "-1"), ('prefs.theme["a.b"]', "value")),
    in_row("member", "a name with underscores", jsonb("{theme,__v}", "1"), ("prefs.theme.__v", "value")),
    in_row("member", "2^53", jsonb("{big}", str(2**53)), ("prefs.big", "value")),
    in_row("member", "the 30th digit", jsonb("{price}", "0.100000000000000000000000000001"), ("prefs.price", "value")),
    in_row("member", "a number as text", jsonb("{price}", '"0.1"'), ("prefs.price", "type")),
    in_row("member", "true for one", jsonb("{theme,__v}", "true"), ("prefs.theme.__v", "type")),
    in_row("member", "a null is gone", "prefs = prefs - 'none'", ("prefs.none", "missing_field")),
    in_row("member", "a null too many", "prefs = prefs || '{\"new\": null}'", ("prefs.new", "extra_field")),
    in_row("member", "a date without Z", jsonb("{at}", '"1931-05-06T07:08:09.123"'), ("prefs.at", "value")),
    in_row("member", "an array shuffled", jsonb("{tags}", '[3, 1, 2, {"k": null}]'), ("prefs.tags", "order")),
    in_row("member", "an element gone", jsonb("{tags}", '[1, 3, {"k": null}]'), ("prefs.tags[1]", "missing_field")),
    in_row("member", "an element doubled", jsonb("{tags}", '[1, 2, 3, {"k": null}, 3]'),
           ("prefs.tags[4]", "extra_field")),
    in_row("member", "a name in an element", jsonb("{tags,3}", '{"K": null}'),
           ("prefs.tags[3].k", "missing_field"), ("prefs.tags[3].K", "extra_field")),
    in_row("member", "an object is an array", jsonb("{theme}", "[]"), ("prefs.theme", "type")),
    in_row("member", "no json", "prefs = null", ("prefs", "missing_field")),
    in_document("member", "a Decimal128 in json", {"prefs": {"n": [Decimal128("1")]}}),
    in_row("member", "an array of another order", "languages = array['en', 'de', 'fa']",
           ("languages", "order"), fits=third(0)),
    in_row("member", "NULL for an empty array", "languages = null", ("languages", "missing_field"), fits=third(1)),
    in_row("member", "an element in capitals", "languages = array['FA', 'de', 'en']",
           ("languages[0]", "value"), fits=third(0)),
    in_row("member", "NULL in an array", "lucky = array[null, 7, 3]", ("lucky[0]", "missing_field")),
    in_row("member", "another number", "lucky = lucky[1:1] || '{8, 3}'", ("lucky[1]", "value")),
    in_document("member", "a text in an array", {"lucky.1": "7"}, ("lucky[1]", "type")),
    in_row("member", "another member", f"referrer = '{row_id('member', 0)}'", ("referred_by", "value"), fits=third(1)),
    in_row("member", "a row of another table", f"referrer = '{row_id('loan', 1)}'",
           ("referred_by", "dangling_reference"), fits=third(1)),
    in_row("member", "null for a reference", "referrer = null", ("referred_by", "missing_field"), fits=third(2)),
    in_document("member", "an id of nobody", {"referred_by": ObjectId("f" * 24)},
                ("referred_by", "dangling_reference"), fits=third(1)),
    in_document("member", "an id as text", {"referred_by": hexa(1)}, ("referred_by", "type"), fits=third(2)),
]  # fmt: skip

FAULTS = [*MEMBER_FIELDS, *NESTED]
