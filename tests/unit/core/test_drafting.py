"""Guessing a configuration from facts: names, kinds, keys, who may see what, and the text that is written."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from reconciler.adapters.config.build import snake_case as columns_default
from reconciler.core.drafting.draft import Draft, DraftDomain, DraftEntity, DraftField
from reconciler.core.drafting.facts import ColumnFacts, Document, KeyGuess, Matched, Resolved, Row, TableFacts, Target
from reconciler.core.drafting.fields import Pairing, paired
from reconciler.core.drafting.grouping import domains_of
from reconciler.core.drafting.kinds import Kind
from reconciler.core.drafting.names import entity_name, fit, likeness, singular, snake_case
from reconciler.core.drafting.paths import paths_of, top_names
from reconciler.core.drafting.sensitivity import sensitivity
from reconciler.core.drafting.templates import service_text
from reconciler.core.drafting.writing import domain_files, left_tables
from reconciler.core.model import MISSING, ObjectIdValue, Sensitivity
from reconciler.core.spec import FieldKind

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"
NOTHING = Resolved(rows={}, collections={})


def pairing(
    columns: Sequence[ColumnFacts], pairs: Sequence[tuple[Document, Row]], resolved: Resolved = NOTHING
) -> Pairing:
    table = TableFacts(schema="public", name="things", columns=(ColumnFacts(name="id", base="uuid"), *columns))
    matched = Matched(
        collection="things",
        table=table,
        key=KeyGuess(legacy_column="legacy"),
        pairs=tuple((document, {"id": "u", **row}) for document, row in pairs),
        documents=tuple(document for document, _ in pairs),
    )
    return paired(matched, resolved, without={"id"})


def kinds(found: Pairing) -> dict[str, tuple[str, FieldKind]]:
    return {one.path: (one.column, one.kind.kind) for one in found.fields}


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collection", "table"),
    [("levelconfigs", "level_configs"), ("configsettinghistories", "config_setting_history"), ("Wards", "ward"),
     ("shopSettings", "shop_settings"), ("addresses", "address"), ("people", "person")],
)  # fmt: skip
def test_names_are_alike_in_any_spelling(collection: str, table: str) -> None:
    assert likeness(collection, table) == 1.0


def test_strange_names_are_not_alike() -> None:
    assert likeness("blogposts", "payments") == 0.0


@pytest.mark.parametrize(
    ("path", "column", "least"),
    [("userId", "user_id", 1.0), ("profile.avatarUrl", "avatar_url", 0.9), ("user", "user_id", 0.85),
     ("location.coordinates[0]", "location_coordinates_0", 1.0), ("beds", "bed_count", 0.6)],
)  # fmt: skip
def test_a_path_fits_its_column(path: str, column: str, least: float) -> None:
    assert fit(path, column) >= least


def test_paths_that_share_only_the_word_for_an_id_do_not_fit() -> None:
    assert fit("sellerId", "buyer_id") == 0.0


@pytest.mark.parametrize("path", ["location.coordinates[0]", "budget.minValue", "_id", "createdAt", "a1B", "txHash"])
def test_the_default_column_is_the_one_that_configurations_have(path: str) -> None:
    assert snake_case(path) == columns_default(path)


@pytest.mark.parametrize(
    ("name", "expected"), [("seller_offers", "seller_offer"), ("1st", "e_1_st"), ("статьи", "entity")]
)
def test_an_entity_is_named_in_lower_snake_case(name: str, expected: str) -> None:
    assert entity_name(name) == expected


@pytest.mark.parametrize(("word", "one"), [("categories", "category"), ("boxes", "box"), ("status", "status")])
def test_words_in_the_singular(word: str, one: str) -> None:
    assert singular(word) == one


# -- kinds -------------------------------------------------------------------------------------------------------------

TEXT = ColumnFacts(name="name", base="text")


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        (["Ab", "cD", "ef"], ["Ab", "cD", "ef"], FieldKind.TEXT),
        (["Ab", "cD", "ef"], ["ab", "cd", "ef"], FieldKind.LOWER),
        (["Ab", "cD", "ef"], ["aB", "Cd", "EF"], FieldKind.CI),
        (["ab", "cd", *"efghijklmn"], ["AB", "cd", *"efghijklmn"], FieldKind.TEXT),
        (["Ab", "Cd", *("x" * 30)], ["ab", "cd", *("x" * 30)], FieldKind.TEXT),
    ],
)
def test_the_strictest_kind_that_records_allow(source: list[str], target: list[str], kind: FieldKind) -> None:
    pairs = [({"name": left}, {"name": right}) for left, right in zip(source, target, strict=True)]
    assert kinds(pairing([TEXT], pairs)) == {"name": ("name", kind)}


def test_a_difference_that_a_laxer_kind_would_hide_is_unsure() -> None:
    pairs = [({"name": text}, {"name": text}) for text in "abcdefg"] + [({"name": "Mn"}, {"name": "mn"})]
    (field,) = pairing([TEXT], pairs).fields

    assert field.kind.kind is FieldKind.TEXT
    assert [doubt for doubt in field.doubts if "kind lower" in doubt]


def test_values_pair_what_names_do_not() -> None:
    columns = [ColumnFacts(name="lng", base="float8"), ColumnFacts(name="lat", base="float8")]
    pairs = [({"where": {"at": [one + 0.5, -one - 0.25]}}, {"lng": one + 0.5, "lat": -one - 0.25}) for one in range(5)]
    found = pairing(columns, pairs)

    assert kinds(found) == {"where.at[0]": ("lng", FieldKind.DOUBLE), "where.at[1]": ("lat", FieldKind.DOUBLE)}
    assert all("paired by its values alone" in field.doubts[0] for field in found.fields)


def test_two_equal_values_are_too_few_to_pair() -> None:
    columns = [ColumnFacts(name="lng", base="float8")]
    pairs = [({"other": float(one % 2)}, {"lng": float(one % 2)}) for one in range(9)]
    assert pairing(columns, pairs).fields == ()


def test_a_reference_agrees_by_the_row_it_leads_to() -> None:
    resolved = Resolved(rows={"u1": Target(table="users", legacy_id="a" * 24)}, collections={})
    pairs = [({"ownerId": ObjectIdValue("a" * 24)}, {"owner_id": "u1"})]
    (field,) = pairing([ColumnFacts(name="owner_id", base="uuid")], pairs, resolved).fields

    assert (field.kind.kind, field.table, field.doubts) == (FieldKind.REFERENCE, "users", ())


def test_a_column_of_a_type_that_no_kind_takes_is_left_with_the_reason() -> None:
    found = pairing([ColumnFacts(name="born", base="date")], [({"born": "x"}, {"born": None})])
    assert (found.fields, found.left_columns) == ((), (("born", "no kind takes its type date"),))


# -- paths and who may see them ----------------------------------------------------------------------------------------


def test_paths_carry_types_and_shares() -> None:
    documents: list[Mapping[str, object]] = [
        {"a": {"b": 1}, "c": [1.5, 2.5]},
        {"a": {"b": None}},
        {"a": {"b": "x"}},
        {},
    ]
    found = paths_of(documents)

    assert set(found) == {"a", "a.b", "c", "c[0]", "c[1]"}
    assert found["a.b"].shown == "int 25 %, string 25 %, null or missing 50 %"
    assert MISSING not in found["c"].types


def test_names_that_may_be_values_are_not_told() -> None:
    documents = [{"name": 1, "ann@example.org": 2}, {"name": 1, "ann@example.org": 2, "only": 3}]
    assert top_names(documents) == ["name"]


@pytest.mark.parametrize(
    ("path", "column", "expected"),
    [("passwordHash", "password_hash", "secret"), ("code", "code", "secret"), ("countryCode", "country", "plain"),
     ("postalCode", "postal_code", "pii"), ("line1", "line1", "pii"), ("lastName", "last_name", "pii"),
     ("isEmailVerified", "is_email_verified", "plain"), ("telegramId", "telegram_id", "pii"), ("_id", "email", "pii"),
     ("title", "title", "plain"), ("имя", "имя", "plain")],
)  # fmt: skip
def test_names_tell_who_may_see_a_field(path: str, column: str, expected: str) -> None:
    assert sensitivity(path, column, FieldKind.TEXT)[0] == expected


# -- domains and texts -------------------------------------------------------------------------------------------------


def entity(name: str, *refers_to: str) -> DraftEntity:
    fields = [
        DraftField(
            path=f'{other}"Id',
            column="c",
            kind=Kind(kind=FieldKind.REFERENCE),
            sensitivity=Sensitivity.PLAIN,
            refers_to=other,
        )
        for other in refers_to
    ]
    return DraftEntity(name=name, collection=f"{name}s", table=f"{name}s", fields=tuple(fields))


def test_entities_in_a_circle_are_one_domain_and_the_others_wait() -> None:
    domains = domains_of([entity("d", "c"), entity("b", "c", "a"), entity("c", "b"), entity("a")], {"posts": "none"})
    found = {domain.name: ({one.name for one in domain.entities}, domain.depends_on) for domain in domains}

    assert found == {"a": ({"a"}, ()), "b": ({"b", "c"}, ("a",)), "d": ({"d"}, ("b",)), "post": (set(), ())}
    assert domains[-1].not_comparable == "none"


def test_any_name_is_written_as_toml_that_reads_back() -> None:
    strange = 'a"b\\c\x7f #ю'
    field = DraftField(
        path=strange, column="x", kind=Kind(kind=FieldKind.TEXT), sensitivity=Sensitivity.PII, doubts=("two\nlines",)
    )
    one = DraftEntity(name="e", collection=strange, table="t", fields=(field,), notes=("a\rb",))
    draft = Draft(domains=(DraftDomain(name="e", title=strange, entities=(one,)),), left_tables=(("t\n[x]", "why"),))
    tree = tomllib.loads(domain_files(draft)["e.toml"])

    assert tree["title"] == tree["entity"]["e"]["collection"] == strange
    assert tree["entity"]["e"]["fields"] == {strange: {"kind": "text", "column": "x", "sensitivity": "pii"}}
    assert tomllib.loads(left_tables(draft)) == {}


def test_the_settings_written_are_those_of_the_bundled_configuration() -> None:
    bundled = tomllib.loads((CONFIG / "service.toml").read_text(encoding="utf-8"))
    written = tomllib.loads(
        service_text(allowed_hosts=bundled["stores"]["allowed_hosts"], gaps_table=bundled["gaps"]["table"])
    )
    assert written == bundled
