"""Names, places and sentences of the demo marketplace, in several scripts, some composed and some decomposed."""

from dataclasses import dataclass
from random import Random

FIRST_NAMES = ("Sara", "Reza", "Jürgen", "MÜNEVVER", "Li", "Omar", "Zoë", "Ada", "Minh", "Łucja")
LAST_NAMES = ("Karimi", "Ahmadi", "Müller", "ÖZTÜRK", "Wei", "Haddad", "O'Neill", "Lovelace", "Nguyễn", "Wiśniewska")
NATIVE_NAMES = ("سارا", "رضا", "محمد الأحمد", "王小明", "佐藤", "Зоя", "Zoë", "Zoe\u0308", "אדם", "🦊 Fox")
MAIL_HOSTS = ("Example.com", "example.org", "Mail.Example.ir", "EXAMPLE.DE")
CURRENCIES = ("USDT", "IRR", "EUR", "AED")
LANGUAGES = ("fa", "ar", "en", "de", "zh")
SENTENCES = (
    "Fast delivery, thank you!",
    "کیفیت عالی بود، ممنون از فروشنده",
    "می‌خواهم دوباره بخرم",
    "البائع ممتاز والتوصيل سريع",
    "包装很好，发货快。",
    "Très bon café, livraison soignée",
    "Tre\u0300s bon cafe\u0301, livraison soigne\u0301e",
    "👍🏽 best seller 👩‍👩‍👧‍👦",
    "ok ",
    "  please call first",
    "Line one\nline two\r\nline three\tand a tab",
    'She said "fine" \\ then left',
    "null",
    "0",
    "no\u00a0break and zero\u200bwidth",
    "Preis stimmt, Größe auch; gerne wieder",
    "Ελάτε ξανά",
    "Я доволен",
)
PRODUCTS = (
    "Phone case",
    "گوشی موبایل",
    "هاتف ذكي",
    "二手相机",
    "Kaffeemaschine",
    "Running shoes",
    "Laptop 14″",
    "Cafetière",
    "Cafetie\u0300re",
    "🎧 Headphones",
    "فرش دستباف",
    "Desk lamp",
)
STREETS = (
    "Main Street",
    "خیابان ولیعصر",
    "شارع الملك فهد",
    "建国路",
    "Große Bergstraße",
    "Avenue de l'Opéra",
    "Rua São Bento",
)
SPECS = (("color", "red"), ("رنگ", "آبی"), ("size", "XL"), ("重量", "1.5 kg"), ("condition", ""), ("Größe", "42"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city with its country (some old documents hold one letter) and rough position in degrees."""

    city: str
    region: str
    country: str
    lng: float
    lat: float


PLACES = (
    Place(city="Tehran", region="Tehran", country="IR", lng=51.389, lat=35.6892),
    Place(city="تهران", region="استان تهران", country="IR", lng=51.42, lat=35.69),
    Place(city="دبي", region="دبي", country="AE", lng=55.2708, lat=25.2048),
    Place(city="北京市", region="朝阳区", country="CN", lng=116.4074, lat=39.9042),
    Place(city="Köln", region="NRW", country="DE", lng=6.9603, lat=50.9375),
    Place(city="Ko\u0308ln", region="NRW", country="D", lng=6.9603, lat=50.9375),
    Place(city="Hamburg", region="Hamburg", country="D ", lng=9.9937, lat=53.5511),
    Place(city="São Paulo", region="SP", country="BR", lng=-46.6333, lat=-23.5505),
    Place(city="Boston", region="MA", country="US", lng=-71.0589, lat=42.3601),
    Place(city="Null Island", region="", country="", lng=-0.0, lat=0.0),
)


def sentence(dice: Random) -> str:
    """Return something a person would write, seldom nothing and seldom far too much."""
    luck = dice.random()
    if luck < 0.03:
        return ""
    text = dice.choice(SENTENCES)
    if luck < 0.035:
        return text * 150
    return text if luck < 0.6 else f"{text} ({dice.randrange(10_000)})"
