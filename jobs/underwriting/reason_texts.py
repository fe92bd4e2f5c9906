"""What a seller is told of each reason, in four languages: one catalogue.

A text says what we saw, what we look for and what helps; it blames nobody. Its
placeholders are ``{value}``, ``{threshold}``, ``{distance}`` and ``{date}`` (the day
when so many days have passed). Counts stand apart from words, so that no language has
to bend a noun. Internal reasons have no text: ``NEUTRAL`` speaks where nothing else
may.
"""

from typing import Literal, get_args

from jobs.underwriting.reasons import Unit

Locale = Literal["en", "fr", "es", "ja"]
LOCALES: tuple[Locale, ...] = get_args(Locale)

#: One text in every language.
Texts = dict[Locale, str]


def texts(en: str, fr: str, es: str, ja: str) -> Texts:
    """Return one text in every language; none can be left out."""
    return {"en": en, "fr": fr, "es": es, "ja": ja}


NEUTRAL = texts(
    "We cannot make you an offer at this time. Support can answer your questions.",
    "Nous ne pouvons pas vous faire d'offre pour le moment. Le support répond à vos"
    " questions.",
    "Por ahora no podemos hacerle una oferta. Soporte puede responder a sus preguntas.",
    "現在、ご提案できる内容がありません。ご質問はサポートまでお寄せください。",
)

REASON_TEXTS: dict[tuple[str, Unit], Texts] = {
    ("DATA_STALE", "days"): texts(
        "Our own data was late, so we could not look at your account. This is ours to"
        " repair; you need do nothing.",
        "Nos propres données sont arrivées en retard et nous n'avons pas pu examiner"
        " votre compte. C'est à nous de corriger cela, vous n'avez rien à faire.",
        "Nuestros propios datos llegaron tarde y no pudimos revisar su cuenta. Nos toca"
        " a nosotros corregirlo; no tiene que hacer nada.",
        "当社側のデータの遅れにより、アカウントを確認できませんでした。"
        "当社で対応しますので、お手続きは不要です。",
    ),
    ("HISTORY_INCOMPLETE", "count"): texts(
        "Our own records are not complete enough to decide yet. This is ours to"
        " repair; you need do nothing.",
        "Nos propres relevés ne sont pas encore assez complets pour décider. C'est à"
        " nous de corriger cela, vous n'avez rien à faire.",
        "Nuestros propios registros aún no bastan para decidir. Nos toca a nosotros"
        " corregirlo; no tiene que hacer nada.",
        "当社側の記録がまだ十分に揃っていないため、判断できませんでした。"
        "当社で対応しますので、お手続きは不要です。",
    ),
    ("ACCOUNT_NOT_ACTIVE", "flag"): texts(
        "Your account is not active at the moment. Advances are possible once it is.",
        "Votre compte n'est pas actif en ce moment. Une avance est possible dès qu'il"
        " l'est.",
        "Su cuenta no está activa en este momento. Un anticipo es posible cuando lo"
        " esté.",
        "現在、アカウントが有効ではありません。有効になるとご利用いただけます。",
    ),
    ("ACCOUNT_RESTRICTED", "count"): texts(
        "A restriction of your account is open. Support can tell you how it is lifted.",
        "Une restriction de votre compte est en cours. Le support peut vous dire"
        " comment la lever.",
        "Su cuenta tiene una restricción abierta. Soporte puede decirle cómo se"
        " levanta.",
        "アカウントに制限があります。解除の方法はサポートにお尋ねください。",
    ),
    ("COUNTRY_NOT_SUPPORTED", "flag"): texts(
        "We do not make advances in this currency in the country of your business yet.",
        "Nous ne proposons pas encore d'avances dans cette devise dans le pays de votre"
        " entreprise.",
        "Aún no ofrecemos anticipos en esta moneda en el país de su empresa.",
        "お客様の国では、この通貨でのご提案をまだ行っておりません。",
    ),
    ("KYB_INCOMPLETE", "count"): texts(
        "Checks of your business that are done: {value} of {threshold}. Please"
        " complete what is missing in your account.",
        "Vérifications de votre entreprise terminées : {value} sur {threshold}."
        " Veuillez compléter ce qui manque dans votre compte.",
        "Comprobaciones de su empresa terminadas: {value} de {threshold}. Complete en"
        " su cuenta lo que falta.",
        "事業者確認の完了数は{threshold}件中{value}件です。"
        "アカウントで残りの確認を完了してください。",
    ),
    ("SHORT_HISTORY", "days"): texts(
        "You have sold with us for {value}; we need {threshold}. Still to go:"
        " {distance}.",
        "Vous vendez chez nous depuis {value}, il nous faut {threshold}. Il reste"
        " {distance}.",
        "Lleva {value} vendiendo con nosotros; necesitamos {threshold}. Aún faltan"
        " {distance}.",
        "販売開始からの期間は{value}で、{threshold}必要です。あと{distance}です。",
    ),
    ("LOW_VOLUME", "minor"): texts(
        "Your sales after refunds were {value} a month in the last 91 days. Advances"
        " begin at {threshold} a month, {distance} more.",
        "Vos ventes après remboursements étaient de {value} par mois sur les 91"
        " derniers jours. Les avances commencent à {threshold} par mois, soit"
        " {distance} de plus.",
        "Sus ventas tras devoluciones fueron de {value} al mes en los últimos 91 días."
        " Los anticipos empiezan en {threshold} al mes, {distance} más.",
        "直近91日間の返金後の売上は月{value}でした。"
        "月{threshold}からご利用いただけます。あと{distance}です。",
    ),
    ("INACTIVE", "days"): texts(
        "The time since your last sale is {value}; we look for no more than"
        " {threshold}. New sales put this right.",
        "Le temps écoulé depuis votre dernière vente est de {value}, nous demandons au"
        " plus {threshold}. De nouvelles ventes suffisent.",
        "El tiempo desde su última venta es de {value}; pedimos como máximo"
        " {threshold}. Nuevas ventas lo resuelven.",
        "最後の販売から{value}経過しています。{threshold}以内の販売が必要です。"
        "新たな販売があれば解消します。",
    ),
    ("INACTIVE", "count"): texts(
        "Days with a sale in the last 91: {value}. We look for at least {threshold},"
        " {distance} more.",
        "Jours avec une vente sur les 91 derniers : {value}. Nous en demandons au moins"
        " {threshold}, soit {distance} de plus.",
        "Días con alguna venta en los últimos 91: {value}. Pedimos al menos"
        " {threshold}, {distance} más.",
        "直近91日間で販売のあった日数は{value}でした。"
        "{threshold}以上必要です。あと{distance}です。",
    ),
    ("DECLINING_SALES", "rate"): texts(
        "Your sales of the last 91 days changed by {value} against the 91 days before;"
        " we look for {threshold} or better.",
        "Vos ventes des 91 derniers jours ont varié de {value} par rapport aux 91 jours"
        " précédents, nous demandons {threshold} ou mieux.",
        "Sus ventas de los últimos 91 días cambiaron un {value} frente a los 91"
        " anteriores; pedimos {threshold} o mejor.",
        "直近91日間の売上は、その前の91日間と比べて{value}の変化でした。"
        "{threshold}以上が必要です。",
    ),
    ("VOLATILE_SALES", "rate"): texts(
        "Your weekly sales vary by {value} around their average; we look for at most"
        " {threshold}. Sales in more weeks of the quarter help.",
        "Vos ventes hebdomadaires varient de {value} autour de leur moyenne, nous"
        " demandons au plus {threshold}. Vendre sur plus de semaines du trimestre"
        " aide.",
        "Sus ventas semanales varían un {value} en torno a su media; pedimos como"
        " máximo {threshold}. Ayuda vender en más semanas del trimestre.",
        "週ごとの売上の変動は平均に対して{value}で、{threshold}以下が必要です。"
        "より多くの週に販売があると改善します。",
    ),
    ("REFUND_RATE_HIGH", "rate"): texts(
        "Refunds were {value} of your sales in the last 91 days; we look for at most"
        " {threshold}.",
        "Les remboursements représentaient {value} de vos ventes des 91 derniers jours,"
        " nous demandons au plus {threshold}.",
        "Las devoluciones fueron el {value} de sus ventas de los últimos 91 días;"
        " pedimos como máximo {threshold}.",
        "直近91日間の返金は売上の{value}でした。{threshold}以下が必要です。",
    ),
    ("CHARGEBACK_RATE_HIGH", "rate"): texts(
        "Chargebacks were {value} of your sales in the last 91 days; we look for at"
        " most {threshold}.",
        "Les rétrofacturations représentaient {value} de vos ventes des 91 derniers"
        " jours, nous demandons au plus {threshold}.",
        "Los contracargos fueron el {value} de sus ventas de los últimos 91 días;"
        " pedimos como máximo {threshold}.",
        "直近91日間のチャージバックは売上の{value}でした。{threshold}以下が必要です。",
    ),
    ("NEGATIVE_BALANCE", "minor"): texts(
        "Your balance with us is {value}. New sales or a payment of {distance} bring it"
        " back to {threshold}, and an advance becomes possible.",
        "Votre solde chez nous est de {value}. De nouvelles ventes ou un paiement de"
        " {distance} le ramènent à {threshold}, et une avance devient possible.",
        "Su saldo con nosotros es de {value}. Nuevas ventas o un pago de {distance} lo"
        " devuelven a {threshold}, y un anticipo vuelve a ser posible.",
        "当社での残高は{value}です。新たな売上または{distance}のお支払いで"
        "{threshold}に戻ると、ご利用いただけます。",
    ),
    ("PAYOUT_FAILED", "count"): texts(
        "Payouts to you that failed in the last 91 days: {value}. We accept at most"
        " {threshold}. Please check your bank details.",
        "Versements échoués sur les 91 derniers jours : {value}. Nous en acceptons au"
        " plus {threshold}. Veuillez vérifier vos coordonnées bancaires.",
        "Pagos a su cuenta que fallaron en los últimos 91 días: {value}. Aceptamos como"
        " máximo {threshold}. Revise sus datos bancarios.",
        "直近91日間で失敗した入金は{value}件でした。{threshold}件以下が必要です。"
        "銀行口座の情報をご確認ください。",
    ),
    ("OPEN_ADVANCE_NOT_PAID_DOWN", "rate"): texts(
        "You have repaid {value} of what is owed on earlier advances; a new one is"
        " possible at {threshold}.",
        "Vous avez remboursé {value} de vos avances précédentes, une nouvelle est"
        " possible à {threshold}.",
        "Ha devuelto el {value} de sus anticipos anteriores; uno nuevo es posible al"
        " llegar al {threshold}.",
        "以前のご利用分のうち{value}が返済済みです。"
        "{threshold}になると新たにご利用いただけます。",
    ),
    ("MINIMUM_MISSED", "flag"): texts(
        "A minimum repayment of your open advance is outstanding. Once it is paid, this"
        " no longer stands in the way.",
        "Un remboursement minimum de votre avance en cours reste dû. Une fois payé, il"
        " ne fait plus obstacle.",
        "Está pendiente un pago mínimo de su anticipo abierto. Una vez pagado, deja de"
        " ser un obstáculo.",
        "ご利用中の分の最低返済額が未払いです。お支払い後はこの理由がなくなります。",
    ),
    ("COOLING_OFF", "days"): texts(
        "Your last advance ended {value} ago. The next is possible after {threshold},"
        " on {date}.",
        "Votre dernière avance s'est terminée il y a {value}. La prochaine est possible"
        " après {threshold}, le {date}.",
        "Su último anticipo terminó hace {value}. El próximo es posible tras"
        " {threshold}, el {date}.",
        "前回のご利用の終了から{value}です。{threshold}後の{date}から可能です。",
    ),
    ("REPAYMENT_UNLIKELY", "rate"): texts(
        "By our forecast your sales repay the smallest advance in time with {value}"
        " certainty; we look for {threshold}. Higher or steadier sales help.",
        "D'après nos prévisions, vos ventes remboursent à temps la plus petite avance"
        " avec une certitude de {value}, nous demandons {threshold}. Des ventes plus"
        " élevées ou plus régulières aident.",
        "Según nuestra previsión, sus ventas devuelven a tiempo el anticipo más pequeño"
        " con una certeza del {value}; pedimos {threshold}. Ayudan ventas mayores o más"
        " regulares.",
        "当社の予測では、最小額が期間内に返済される確率は{value}で、"
        "{threshold}が必要です。売上の増加や安定により改善します。",
    ),
    ("PRICE_ABOVE_CAP", "rate"): texts(
        "An advance would have to cost more than {threshold} of its amount, the most we"
        " charge, so we make no offer. Higher or steadier sales help.",
        "Une avance devrait coûter plus de {threshold} de son montant, notre maximum,"
        " nous ne faisons donc pas d'offre. Des ventes plus élevées ou plus régulières"
        " aident.",
        "Un anticipo tendría que costar más del {threshold} de su importe, nuestro"
        " máximo, así que no hacemos oferta. Ayudan ventas mayores o más regulares.",
        "手数料が上限である{threshold}を超えるため、ご提案を控えました。"
        "売上の増加や安定により改善します。",
    ),
    ("BELOW_MINIMUM_ADVANCE", "minor"): texts(
        "Your forecast sales support {value} for this term; the smallest we advance for"
        " it is {threshold}. Higher or steadier sales help.",
        "Vos ventes prévues permettent {value} pour cette durée, la plus petite avance"
        " est de {threshold}. Des ventes plus élevées ou plus régulières aident.",
        "Sus ventas previstas permiten {value} para este plazo; el anticipo más pequeño"
        " es de {threshold}. Ayudan ventas mayores o más regulares.",
        "売上予測から可能な金額は{value}で、この期間の最小額は{threshold}です。"
        "売上の増加や安定により改善します。",
    ),
    ("EXPOSURE_LIMIT", "minor"): texts(
        "The accounts of your business together have reached the most we advance to one"
        " business. Room comes back as open advances are repaid.",
        "Les comptes de votre entreprise ont atteint ensemble le maximum que nous"
        " avançons à une même entreprise. De la place revient à mesure que les avances"
        " sont remboursées.",
        "Las cuentas de su empresa han alcanzado juntas el máximo que anticipamos a una"
        " misma empresa. Vuelve a haber margen conforme se devuelven los anticipos.",
        "同じ事業者のアカウントの合計が、一事業者あたりの上限に達しました。"
        "ご利用中の分が返済されると、再び可能になります。",
    ),
    ("UNUSUAL_SALES", "flag"): texts(
        "A person is looking at your account before we make an offer. You need do"
        " nothing for it.",
        "Une personne examine votre compte avant que nous fassions une offre. Vous"
        " n'avez rien à faire pour cela.",
        "Una persona está revisando su cuenta antes de que hagamos una oferta. No tiene"
        " que hacer nada para ello.",
        "ご提案の前に、担当者がアカウントを確認しています。お手続きは不要です。",
    ),
    ("BUDGET_EXHAUSTED", "minor"): texts(
        "All the money we can advance at present is given out. This is not about you or"
        " your sales; offers come again.",
        "Tout l'argent que nous pouvons avancer en ce moment est attribué. Cela ne"
        " tient ni à vous ni à vos ventes, des offres reviendront.",
        "Todo el dinero que podemos anticipar ahora está asignado. No se debe a usted"
        " ni a sus ventas; volverá a haber ofertas.",
        "現在ご提案できる資金の枠がすべて埋まっています。"
        "お客様や売上によるものではなく、今後またご提案します。",
    ),
}
