"""The words of notices about passkeys, in the languages of the people they are sent to."""

from __future__ import annotations

from mains_server.signin.records import MessageKind

Words = tuple[str, str]

WORDS_OF_WAYS: dict[MessageKind, dict[str, Words]] = {
    MessageKind.PASSKEY_ADDED: {
        "lv": (
            "Pievienota jauna piekļuves atslēga",
            "Labdien!\n\n"
            "Turpmāk Jūsu kontā var pierakstīties arī ar piekļuves atslēgu, ko tikko pievienoja. "
            "Ja to nedarījāt Jūs, noņemiet to konta iestatījumos, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "A new passkey",
            "Good day,\n\n"
            "From now on, one can also sign in to your account by a passkey that was just added. "
            "If it was not you, remove it in the account's settings, change your password and tell us.\n",
        ),
        "ru": (
            "Добавлен новый ключ доступа",
            "Здравствуйте!\n\n"
            "Теперь в Вашу учётную запись можно войти также с ключом доступа, который только что добавили. "
            "Если это были не Вы, удалите его в настройках, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.PASSKEY_REMOVED: {
        "lv": (
            "Noņemta piekļuves atslēga",
            "Labdien!\n\n"
            "Piekļuves atslēga, ar ko varēja pierakstīties Jūsu kontā, ir noņemta. "
            "Ja to nedarījāt Jūs, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "A passkey was removed",
            "Good day,\n\n"
            "A passkey by which one could sign in to your account was removed. "
            "If it was not you, change your password and tell us.\n",
        ),
        "ru": (
            "Удалён ключ доступа",
            "Здравствуйте!\n\n"
            "Ключ доступа, с которым можно было войти в Вашу учётную запись, удалён. "
            "Если это были не Вы, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.PASSKEY_SUSPENDED: {
        "lv": (
            "Piekļuves atslēga ir apturēta",
            "Labdien!\n\n"
            "Kāds mēģināja pierakstīties Jūsu kontā ar piekļuves atslēgu, kurai, iespējams, ir kopija. "
            "Mēs to neielaidām, un šī atslēga vairs neder. Pierakstieties ar paroli, noņemiet atslēgu konta "
            "iestatījumos, pievienojiet jaunu un sazinieties ar mums.\n",
        ),
        "en": (
            "A passkey was suspended",
            "Good day,\n\n"
            "Somebody tried to sign in to your account by a passkey that there may be a copy of. "
            "Nobody was let in, and this passkey counts no more. Sign in by your password, remove the passkey in the "
            "account's settings, add another and tell us.\n",
        ),
        "ru": (
            "Ключ доступа приостановлен",
            "Здравствуйте!\n\n"
            "Кто-то пытался войти в Вашу учётную запись с ключом доступа, у которого, возможно, есть копия. "
            "Мы никого не впустили, и этот ключ больше не действует. Войдите с паролем, удалите ключ в настройках, "
            "добавьте новый и сообщите нам.\n",
        ),
    },
}
