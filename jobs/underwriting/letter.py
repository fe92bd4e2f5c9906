"""The seller's letter: offers, what set their size, and what stood in the way."""

import datetime as dt

from jobs.underwriting.explained_tiers import ExplainedTier, Row
from jobs.underwriting.explanation import Account
from jobs.underwriting.money import format_minor
from jobs.underwriting.reason_texts import Locale, Texts, texts
from jobs.underwriting.wording import date, days, percent, seller_text, seller_texts

TITLE = texts(
    "Advances in {currency}, {date}",
    "Avances en {currency}, {date}",
    "Anticipos en {currency}, {date}",
    "{date} {currency}でのご提案について",
)
OFFERED = texts(
    "We can offer you one of these:",
    "Nous pouvons vous proposer au choix :",
    "Podemos ofrecerle una de estas opciones:",
    "次のいずれかをご提案いたします。",
)
OFFER = texts(
    "{advance} for a fee of {fee}. You repay {owed} with {rate} of your daily sales, by"
    " our forecast in about {days}. Valid until {date}.",
    "{advance} pour des frais de {fee}. Vous remboursez {owed} avec {rate} de vos"
    " ventes quotidiennes, selon nos prévisions en {days} environ. Valable"
    " jusqu'au {date}.",
    "{advance} por una comisión de {fee}. Devuelve {owed} con el {rate} de sus ventas"
    " diarias, según nuestra previsión en unos {days}. Válida hasta el {date}.",
    "{advance}、手数料{fee}。日々の売上の{rate}で合計{owed}を返済いただき、"
    "予測では約{days}で完了します。有効期限は{date}です。",
)
CAPS: dict[str, Texts] = {
    "confidence": texts(
        "The amount is what your forecast sales repay in {days} with {rate} certainty.",
        "Le montant est ce que vos ventes prévues remboursent en {days} avec une"
        " certitude de {rate}.",
        "El importe es lo que sus ventas previstas devuelven en {days} con una certeza"
        " del {rate}.",
        "金額は、予測される売上により{days}で返済される確率が{rate}となる額です。",
    ),
    "sales_share": texts(
        "The amount is what your present sales repay in {days}.",
        "Le montant est ce que vos ventes actuelles remboursent en {days}.",
        "El importe es lo que sus ventas actuales devuelven en {days}.",
        "金額は、現在の売上により{days}で返済される額です。",
    ),
    "annual_share": texts(
        "The amount is the largest share of a year's sales that we advance.",
        "Le montant est la plus grande part d'une année de ventes que nous avançons.",
        "El importe es la mayor parte de un año de ventas que anticipamos.",
        "金額は、年間売上に対する割合の上限です。",
    ),
    "currency_maximum": texts(
        "The amount is the most we advance in this currency.",
        "Le montant est le maximum que nous avançons dans cette devise.",
        "El importe es el máximo que anticipamos en esta moneda.",
        "金額は、この通貨での上限です。",
    ),
    "entity_exposure": texts(
        "The amount is what is left of the most we advance to one business.",
        "Le montant est ce qui reste du maximum que nous avançons à une entreprise.",
        "El importe es lo que queda del máximo que anticipamos a una empresa.",
        "金額は、一事業者あたりの上限の残りです。",
    ),
}
OTHER_CAP = texts(
    "The amount is limited by what we can advance at present.",
    "Le montant est limité par ce que nous pouvons avancer en ce moment.",
    "El importe está limitado por lo que podemos anticipar ahora.",
    "金額は、現在ご提案できる資金の枠によるものです。",
)
DECLINED = texts(
    "We make no offer at the moment. This stood in the way:",
    "Nous ne faisons pas d'offre pour le moment. Voici ce qui s'y oppose :",
    "Por ahora no hacemos una oferta. Esto lo impidió:",
    "現在、ご提案を控えております。理由は次のとおりです。",
)
NOT_ASSESSED = texts(
    "We could not look at your account this time:",
    "Nous n'avons pas pu examiner votre compte cette fois :",
    "Esta vez no pudimos revisar su cuenta:",
    "今回はアカウントを確認できませんでした。",
)
FOR_TERM = texts(
    "For {days}: {text}", "Pour {days} : {text}", "Para {days}: {text}", "{days} {text}"
)
CLOSING = texts(
    "We look at every account again every night; you need not apply.",
    "Nous réexaminons chaque compte toutes les nuits, sans demande de votre part.",
    "Volvemos a revisar cada cuenta todas las noches; no hace falta solicitarlo.",
    "すべてのアカウントを毎晩確認しています。お申し込みは不要です。",
)


def letter(account: Account, locale: Locale) -> list[str]:
    """Return the letter's paragraphs: nothing internal is in it, nor leaves a trace."""
    title = TITLE[locale].format(
        currency=account.currency_code, date=date(account.as_of_date, locale)
    )
    body = _answer(account, locale)
    return [title, *body, CLOSING[locale]]


def _answer(account: Account, locale: Locale) -> list[str]:
    currency, night = account.currency_code, account.as_of_date
    if account.outcome == "not_assessed":
        # What was measured on faulty data is nothing to tell a seller.
        faults = [finding for finding in account.failed if finding.category == "data"]
        return [NOT_ASSESSED[locale], *seller_texts(faults, currency, night, locale)]
    offers = [_offer(account, tier, locale) for tier in account.tiers if tier.offer]
    refused = _refused_tiers(account, locale)
    if offers:
        return [OFFERED[locale], *offers, *refused]
    if refused and not account.failed:
        return [DECLINED[locale], *refused]
    told = seller_texts(account.failed, currency, night, locale)
    is_all_internal = all(finding.is_internal for finding in account.failed)
    return told if is_all_internal else [DECLINED[locale], *told]


def _offer(account: Account, tier: ExplainedTier, locale: Locale) -> str:
    offer: Row = tier.offer or {}
    # Half of the forecast repays by the median day, which lies within the term.
    median_days = offer["repayment_p50_days"] or tier.target_term_days
    amounts = {
        name: format_minor(offer[f"{name}_minor"], account.currency_code, locale)
        for name in ("advance", "fee", "owed")
    }
    terms = OFFER[locale].format(
        **amounts,
        rate=percent(offer["holdback_rate"], locale),
        days=days(median_days, locale),
        date=date(_day(offer["expires_date"]), locale),
    )
    size = CAPS.get(tier.binding_cap, OTHER_CAP)[locale].format(
        days=days(tier.target_term_days, locale),
        rate=percent(tier.confidence_rate, locale),
    )
    return terms + (" " if locale != "ja" else "") + size


def _refused_tiers(account: Account, locale: Locale) -> list[str]:
    currency, night = account.currency_code, account.as_of_date
    return [
        FOR_TERM[locale].format(
            days=days(tier.target_term_days, locale),
            text=seller_text(tier.reason, currency, night, locale),
        )
        for tier in account.tiers
        if tier.reason and not tier.reason.is_internal
    ]


def _day(moment: dt.date) -> dt.date:
    return dt.date(moment.year, moment.month, moment.day)
