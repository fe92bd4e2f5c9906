"""The seller's letter: offers, what set their size, and what stood in the way."""

from jobs.underwriting.explained_tiers import ExplainedTier
from jobs.underwriting.explanation import Account
from jobs.underwriting.findings import Finding
from jobs.underwriting.money import format_minor
from jobs.underwriting.past_offers import PastOffer, as_day
from jobs.underwriting.reason_texts import NEUTRAL, Locale, Texts, texts
from jobs.underwriting.stored import Row
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
HOLDS = texts(
    "Our offer of {since} still holds until {date}: {advance} for a fee of {fee}; you"
    " repay {owed} with {rate} of your daily sales.",
    "Notre offre du {since} reste valable jusqu'au {date} : {advance} pour des frais de"
    " {fee} ; vous remboursez {owed} avec {rate} de vos ventes quotidiennes.",
    "Nuestra oferta del {since} sigue en vigor hasta el {date}: {advance} por una"
    " comisión de {fee}; devuelve {owed} con el {rate} de sus ventas diarias.",
    "{since}のご提案は{date}まで引き続き有効です。{advance}、手数料{fee}、"
    "日々の売上の{rate}で合計{owed}をご返済いただきます。",
)
SETTLES = texts(
    "It settles the {settled} you still owe, {old_fee} of which is fee, so {net} is"
    " paid out to you, or more if you repay before you accept. Of the new fee"
    " {on_old_fee} is paid on that old fee.",
    "Elle solde les {settled} que vous devez encore, dont {old_fee} de frais : {net}"
    " vous sont versés, ou plus si vous remboursez avant d'accepter. Sur les nouveaux"
    " frais, {on_old_fee} portent sur ces anciens frais.",
    "Salda los {settled} que aún debe, de los que {old_fee} son comisión: recibe {net},"
    " o más si devuelve antes de aceptar. De la nueva comisión, {on_old_fee} recaen"
    " sobre esa comisión anterior.",
    "このうち{settled}は、手数料{old_fee}を含む現在の残高の清算に充てられ、"
    "お受け取り額は{net}です。お申し込みまでに返済が進むと、その分増えます。"
    "新しい手数料のうち{on_old_fee}は、以前の手数料に対するものです。",
)
WAIVES = texts(
    "{discount} of your old fee is waived.",
    "{discount} de vos anciens frais vous sont remis.",
    "Se le perdonan {discount} de la comisión anterior.",
    "以前の手数料のうち{discount}は免除されます。",
)
WOULD_SETTLE = texts(
    "It would first settle the {withheld} you still owe, so repaying helps too.",
    "Elle solderait d'abord les {withheld} que vous devez encore ; rembourser aide"
    " aussi.",
    "Saldaría primero los {withheld} que aún debe; devolver también ayuda.",
    "まず現在の残高{withheld}の清算に充てるため、返済が進むことでも改善します。",
)
HOLDS_AND_SETTLES = texts(
    "It settles what you still owe; the rest is paid out to you.",
    "Elle solde ce que vous devez encore ; le reste vous est versé.",
    "Salda lo que aún debe; el resto se le abona.",
    "残高の清算に充てられ、残りをお受け取りいただけます。",
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
    "unusual_sales": texts(
        "The amount is what your sales of four weeks ago repay in {days}.",
        "Le montant est ce que vos ventes d'il y a quatre semaines remboursent en"
        " {days}.",
        "El importe es lo que sus ventas de hace cuatro semanas devuelven en {days}.",
        "金額は、4週間前の売上により{days}で返済される額です。",
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
NO_OTHER = texts(
    "We make no other offer at the moment. This stood in the way:",
    "Nous ne faisons pas d'autre offre pour le moment. Voici ce qui s'y oppose :",
    "Por ahora no hacemos otra oferta. Esto lo impidió:",
    "現在、ほかのご提案を控えております。理由は次のとおりです。",
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
    holding = [_holding(account, offer, locale) for offer in account.holding]
    offers = [_offer(account, tier, locale) for tier in account.tiers if tier.offer]
    if offers:
        return [OFFERED[locale], *offers, *holding, *_refused_tiers(account, locale)]
    if holding and account.outcome == "eligible" and not _untold(account):
        return holding
    return [*holding, *_refusal(account, locale)]


def _refusal(account: Account, locale: Locale) -> list[str]:
    """Return why nothing is offered tonight, but for what was offered before."""
    currency, night = account.currency_code, account.as_of_date
    if account.outcome == "not_assessed":
        # What was measured on faulty data is nothing to tell a seller.
        faults = [finding for finding in account.failed if finding.category == "data"]
        return [NOT_ASSESSED[locale], *seller_texts(faults, currency, night, locale)]
    header = (NO_OTHER if account.holding else DECLINED)[locale]
    if account.failed:
        told = seller_texts(account.failed, currency, night, locale)
        is_all_internal = all(finding.is_internal for finding in account.failed)
        return told if is_all_internal else [header, *told]
    refused = _refused_tiers(account, locale)
    if any(tier.outcome == "review" for tier in account.tiers):
        return refused  # Who waits for a person is not declined.
    return [header, *refused] if refused else [NEUTRAL[locale]]


def _offer(account: Account, tier: ExplainedTier, locale: Locale) -> str:
    offer = tier.offer or {}
    # Half of the forecast repays by the median day, which lies within the term.
    median_days = offer["repayment_p50_days"] or tier.target_term_days
    terms = OFFER[locale].format(
        **_amounts(account, offer["advance_minor"], offer["fee_minor"], locale),
        rate=percent(offer["holdback_rate"], locale),
        days=days(median_days, locale),
        date=date(as_day(offer["expires_date"]), locale),
    )
    size = CAPS.get(tier.binding_cap, OTHER_CAP)[locale].format(
        days=days(tier.target_term_days, locale),
        rate=percent(tier.confidence_rate, locale),
    )
    return _joined([terms, *_settles(account, offer, locale), size], locale)


def _holding(account: Account, offer: PastOffer, locale: Locale) -> str:
    terms = HOLDS[locale].format(
        **_amounts(account, offer.advance_minor, offer.fee_minor, locale),
        rate=percent(offer.holdback_rate, locale),
        since=date(offer.opened_date, locale),
        date=date(offer.expires_date, locale),
    )
    is_refill = offer.refilled_advance_id is not None
    return _joined([terms, *([HOLDS_AND_SETTLES[locale]] * is_refill)], locale)


def _settles(account: Account, offer: Row, locale: Locale) -> list[str]:
    """Return what a refill settles and pays out; nothing of any other offer."""
    if offer["refilled_advance_id"] is None:
        return []
    amounts = {
        "settled": offer["settled_balance_minor"],
        "discount": offer["discount_minor"],
        "net": offer["net_advance_minor"],
        "old_fee": offer["settled_fee_minor"],
        "on_old_fee": offer["fee_on_old_fee_minor"],
    }
    words = {
        name: format_minor(amount, account.currency_code, locale)
        for name, amount in amounts.items()
    }
    told = [SETTLES, WAIVES] if amounts["discount"] else [SETTLES]
    return [text[locale].format(**words) for text in told]


def _joined(sentences: list[str], locale: Locale) -> str:
    return ("" if locale == "ja" else " ").join(sentences)


def _amounts(
    account: Account, advance_minor: int, fee_minor: int, locale: Locale
) -> dict[str, str]:
    amounts = {"advance": advance_minor, "fee": fee_minor}
    amounts["owed"] = advance_minor + fee_minor
    return {
        name: format_minor(amount, account.currency_code, locale)
        for name, amount in amounts.items()
    }


def _refused_tiers(account: Account, locale: Locale) -> list[str]:
    """Return why terms are not offered; what is true of all of them once and first."""
    currency, night = account.currency_code, account.as_of_date
    told: dict[str, None] = {}
    of_terms = []
    for tier, reason in _untold(account):
        text = seller_text(reason, currency, night, locale)
        if tier.withheld_minor and reason.code == "BELOW_MINIMUM_ADVANCE":
            owed = format_minor(tier.withheld_minor, currency, locale)
            more = WOULD_SETTLE[locale].format(withheld=owed)
            text = _joined([text, more], locale)
        is_of_term = reason.category not in ("review", "budget")
        if is_of_term or any(tier.offer for tier in account.tiers):
            term = days(tier.target_term_days, locale)
            of_terms.append(FOR_TERM[locale].format(days=term, text=text))
        else:
            told[text] = None
    return [*told, *of_terms]


def _untold(account: Account) -> list[tuple[ExplainedTier, Finding]]:
    """Return the refused tiers, but for terms in which an earlier offer holds."""
    held = {offer.target_term_days for offer in account.holding}
    return [
        (tier, tier.reason)
        for tier in account.tiers
        if tier.reason
        and not tier.reason.is_internal
        and tier.target_term_days not in held
    ]
