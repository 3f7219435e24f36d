"""The words of codes and notices, in the languages of the people they are sent to."""

from __future__ import annotations

from mains_server.signin.records import MessageKind, MessageRoad
from mains_server.signin.wording_ways import WORDS_OF_WAYS, Words

WORDS: dict[MessageKind, dict[str, Words]] = {
    **WORDS_OF_WAYS,
    MessageKind.PASSWORD_RESET: {
        "lv": (
            "Paroles atjaunošana",
            "Labdien!\n\n"
            "Kāds, iespējams, Jūs, lūdza atjaunot paroli. Kods, derīgs vienu stundu:\n\n{code}\n\n"
            "Ja tas nebijāt Jūs, nekas nav jādara: parole paliek līdzšinējā.\n",
        ),
        "en": (
            "Resetting your password",
            "Good day,\n\n"
            "Somebody, probably you, asked to reset your password. The code, good for one hour:\n\n{code}\n\n"
            "If it was not you, there is nothing to do: your password stays as it is.\n",
        ),
        "ru": (
            "Восстановление пароля",
            "Здравствуйте!\n\n"
            "Кто-то, вероятно Вы, попросил восстановить пароль. Код действует один час:\n\n{code}\n\n"
            "Если это были не Вы, ничего делать не нужно: пароль остаётся прежним.\n",
        ),
    },
    MessageKind.PASSWORD_CHANGED: {
        "lv": (
            "Parole ir nomainīta",
            "Labdien!\n\n"
            "Jūsu konta parole ir nomainīta. Ja to nedarījāt Jūs, atjaunojiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "Your password was changed",
            "Good day,\n\nThe password of your account was changed. If it was not you, reset it and tell us.\n",
        ),
        "ru": (
            "Пароль изменён",
            "Здравствуйте!\n\n"
            "Пароль Вашей учётной записи изменён. Если это были не Вы, восстановите пароль и сообщите нам.\n",
        ),
    },
    MessageKind.REGISTRATION_CODE: {
        "lv": (
            "Kods reģistrācijai portālā",
            "Labdien!\n\n"
            "Kods klienta konta reģistrācijai, derīgs vienu stundu:\n\n{code}\n\n"
            "Nevienam to nesakiet. Ja konts nav Jūsu pieteikts, nekas nav jādara.\n",
        ),
        "en": (
            "Your code to register",
            "Good day,\n\n"
            "The code to register your customer account, good for one hour:\n\n{code}\n\n"
            "Tell it to nobody. If you did not ask for an account, there is nothing to do.\n",
        ),
        "ru": (
            "Код для регистрации на портале",
            "Здравствуйте!\n\n"
            "Код для регистрации учётной записи клиента действует один час:\n\n{code}\n\n"
            "Никому его не сообщайте. Если Вы не просили об учётной записи, ничего делать не нужно.\n",
        ),
    },
    MessageKind.REGISTRATION_EMAIL: {
        "lv": (
            "Apstipriniet e-pasta adresi",
            "Labdien!\n\n"
            "Kods šīs e-pasta adreses apstiprināšanai:\n\n{code}\n\n"
            "Ja konts nav Jūsu pieteikts, nekas nav jādara.\n",
        ),
        "en": (
            "Confirm your e-mail address",
            "Good day,\n\n"
            "The code that confirms this e-mail address:\n\n{code}\n\n"
            "If you did not ask for an account, there is nothing to do.\n",
        ),
        "ru": (
            "Подтвердите адрес электронной почты",
            "Здравствуйте!\n\n"
            "Код для подтверждения этого адреса:\n\n{code}\n\n"
            "Если Вы не просили об учётной записи, ничего делать не нужно.\n",
        ),
    },
    MessageKind.REGISTRATION_TRIED: {
        "lv": (
            "Jums jau ir konts",
            "Labdien!\n\n"
            "Kāds mēģināja reģistrēt klienta kontu, kas Jums jau ir. Pierakstieties ar to; ja aizmirsāt paroli, "
            "atjaunojiet to.\nJa tas nebijāt Jūs, nekas nav jādara: piekļuve nav piešķirta.\n",
        ),
        "en": (
            "You have an account already",
            "Good day,\n\n"
            "Somebody tried to register a customer account that you have already. Sign in with it, or reset the "
            "password.\nIf it was not you, there is nothing to do: nobody was let in.\n",
        ),
        "ru": (
            "У Вас уже есть учётная запись",
            "Здравствуйте!\n\n"
            "Кто-то пытался зарегистрировать учётную запись клиента, которая у Вас уже есть. Войдите с ней или "
            "восстановите пароль.\nЕсли это были не Вы, ничего делать не нужно: доступ не предоставлен.\n",
        ),
    },
    MessageKind.EMAIL_CHANGED: {
        "lv": (
            "E-pasta adrese ir nomainīta",
            "Labdien!\n\n"
            "Klienta e-pasta adrese ir nomainīta, un uz šo adresi mēs vairs nerakstīsim. "
            "Ja to nedarījāt Jūs, sazinieties ar mums.\n",
        ),
        "en": (
            "Your e-mail address was changed",
            "Good day,\n\n"
            "The e-mail address of a customer was changed, and we no longer write to this one. "
            "If it was not you, tell us.\n",
        ),
        "ru": (
            "Адрес электронной почты изменён",
            "Здравствуйте!\n\n"
            "Адрес электронной почты клиента изменён, и на этот адрес мы больше не пишем. "
            "Если это были не Вы, сообщите нам.\n",
        ),
    },
    MessageKind.BANK_ACCOUNT_CHANGED: {
        "lv": (
            "Bankas konts ir nomainīts",
            "Labdien!\n\n"
            "Bankas konts, uz kuru atmaksājam naudu, ir nomainīts. Ja to nedarījāt Jūs, sazinieties ar mums.\n",
        ),
        "en": (
            "Your bank account was changed",
            "Good day,\n\nThe bank account that we pay back to was changed. If it was not you, tell us.\n",
        ),
        "ru": (
            "Банковский счёт изменён",
            "Здравствуйте!\n\nСчёт, на который мы возвращаем деньги, изменён. Если это были не Вы, сообщите нам.\n",
        ),
    },
    MessageKind.SECOND_FACTOR_ON: {
        "lv": (
            "Ieslēgta pierakstīšanās ar kodu",
            "Labdien!\n\n"
            "Turpmāk, pierakstoties Jūsu kontā, vajadzīgs arī kods no autentifikācijas lietotnes. "
            "Ja to neieslēdzāt Jūs, sazinieties ar mums.\n",
        ),
        "en": (
            "Signing in now needs a code",
            "Good day,\n\n"
            "From now on, signing in to your account also needs a code of an authenticator app. "
            "If it was not you who turned this on, tell us.\n",
        ),
        "ru": (
            "Включён вход с кодом",
            "Здравствуйте!\n\n"
            "Теперь для входа в Вашу учётную запись нужен также код из приложения-аутентификатора. "
            "Если его включили не Вы, сообщите нам.\n",
        ),
    },
    MessageKind.SECOND_FACTOR_OFF: {
        "lv": (
            "Pierakstīšanās ar kodu ir izslēgta",
            "Labdien!\n\n"
            "Turpmāk, pierakstoties Jūsu kontā, kods vairs nav vajadzīgs. "
            "Ja to neizslēdzāt Jūs, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "Signing in needs no code any more",
            "Good day,\n\n"
            "From now on, signing in to your account needs no code of an app. "
            "If it was not you who turned this off, change your password and tell us.\n",
        ),
        "ru": (
            "Вход с кодом выключен",
            "Здравствуйте!\n\n"
            "Теперь для входа в Вашу учётную запись код больше не нужен. "
            "Если его выключили не Вы, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.RECOVERY_CODES_MADE: {
        "lv": (
            "Jauni rezerves kodi",
            "Labdien!\n\n"
            "Jūsu kontam ir izveidoti jauni rezerves kodi, līdzšinējie vairs neder. "
            "Ja to nedarījāt Jūs, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "New recovery codes",
            "Good day,\n\n"
            "New recovery codes were made for your account, and those before are worth nothing. "
            "If it was not you, change your password and tell us.\n",
        ),
        "ru": (
            "Новые резервные коды",
            "Здравствуйте!\n\n"
            "Для Вашей учётной записи созданы новые резервные коды, прежние больше не действуют. "
            "Если это были не Вы, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.RECOVERY_CODE_USED: {
        "lv": (
            "Izmantots rezerves kods",
            "Labdien!\n\n"
            "Jūsu kontā izmantots rezerves kods; tas vairs neder. "
            "Ja to nedarījāt Jūs, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "A recovery code was used",
            "Good day,\n\n"
            "A recovery code of your account was used, and is worth nothing any more. "
            "If it was not you, change your password and tell us.\n",
        ),
        "ru": (
            "Использован резервный код",
            "Здравствуйте!\n\n"
            "Использован резервный код Вашей учётной записи; больше он не действует. "
            "Если это были не Вы, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.OPENID_LINKED: {
        "lv": (
            "Pievienots jauns pierakstīšanās veids",
            "Labdien!\n\n"
            "Turpmāk Jūsu kontā var pierakstīties arī ar internetbanku vai citu pakalpojumu, ko tikko pievienoja. "
            "Ja to nedarījāt Jūs, noņemiet to konta iestatījumos, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "A new way to sign in",
            "Good day,\n\n"
            "From now on, one can also sign in to your account by an internet bank or another service that was just "
            "added. If it was not you, remove it in the account's settings, change your password and tell us.\n",
        ),
        "ru": (
            "Добавлен новый способ входа",
            "Здравствуйте!\n\n"
            "Теперь в Вашу учётную запись можно войти также через интернет-банк или другую службу, которую только что "
            "добавили. Если это были не Вы, удалите её в настройках, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.OPENID_UNLINKED: {
        "lv": (
            "Noņemts pierakstīšanās veids",
            "Labdien!\n\n"
            "Internetbanka vai cits pakalpojums, ar ko varēja pierakstīties Jūsu kontā, ir noņemts. "
            "Ja to nedarījāt Jūs, nomainiet paroli un sazinieties ar mums.\n",
        ),
        "en": (
            "A way to sign in was removed",
            "Good day,\n\n"
            "An internet bank or another service by which one could sign in to your account was removed. "
            "If it was not you, change your password and tell us.\n",
        ),
        "ru": (
            "Удалён способ входа",
            "Здравствуйте!\n\n"
            "Интернет-банк или другая служба, через которую можно было войти в Вашу учётную запись, удалены. "
            "Если это были не Вы, смените пароль и сообщите нам.\n",
        ),
    },
    MessageKind.STAFF_INVITED: {
        "lv": (
            "Jūsu darba konts",
            "Labdien!\n\n"
            "Jums ir izveidots darba konts. Kods paroles izvēlei, vienu reizi triju dienu laikā:\n\n{code}\n\n"
            "Ievadiet to paroles atjaunošanas lapā. Nevienam to nesakiet.\n",
        ),
        "en": (
            "Your account for work",
            "Good day,\n\n"
            "You have an account for work. The code to choose its password, good once and for three days:\n\n{code}\n\n"
            "Type it on the page that resets passwords. Tell it to nobody.\n",
        ),
        "ru": (
            "Ваша рабочая учётная запись",
            "Здравствуйте!\n\n"
            "Для Вас создана рабочая учётная запись. Код для выбора пароля, один раз за три дня:\n\n{code}\n\n"
            "Введите его на странице восстановления пароля. Никому его не сообщайте.\n",
        ),
    },
}
# What goes by text message is short: Cyrillic and Latvian letters leave 70 in a segment.
TEXTS: dict[MessageKind, dict[str, str]] = {
    MessageKind.REGISTRATION_CODE: {
        "lv": "{code} – kods reģistrācijai, derīgs 1 h. Nevienam to nesakiet.",
        "en": "{code} is your code to register, good for 1 hour. Tell it to nobody.",
        "ru": "{code} – код для регистрации, годен 1 ч. Никому не сообщайте.",
    },
}
LETTERS: dict[MessageKind, dict[str, Words]] = {
    MessageKind.REGISTRATION_CODE: {
        "lv": (
            "Kods reģistrācijai portālā",
            "Labdien!\n\n"
            "Kods klienta konta reģistrācijai, derīgs līdz {until} ieskaitot:\n\n{code}\n\n"
            "Ievadiet to lapā, kurā sākāt reģistrāciju; lielie un mazie burti un svītra nav svarīgi. "
            "Cipara 0 un 1 un burtu I un O kodā nav.\n\n"
            "Nevienam kodu nesakiet. Ja konts nav Jūsu pieteikts, nekas nav jādara.\n",
        ),
        "en": (
            "Your code to register",
            "Good day,\n\n"
            "The code to register your customer account, good until {until}, that day included:\n\n{code}\n\n"
            "Type it where you began to register; capitals and the dash do not matter. "
            "There is no figure 0 or 1 and no letter I or O in it.\n\n"
            "Tell it to nobody. If you did not ask for an account, there is nothing to do.\n",
        ),
        "ru": (
            "Код для регистрации на портале",
            "Здравствуйте!\n\n"
            "Код для регистрации учётной записи клиента действует по {until} включительно:\n\n{code}\n\n"
            "Введите его там, где начали регистрацию; заглавные буквы и чёрточка не важны. "
            "Цифр 0 и 1 и букв I и O в коде нет.\n\n"
            "Никому его не сообщайте. Если Вы не просили об учётной записи, ничего делать не нужно.\n",
        ),
    },
}


def words_of(kind: MessageKind, *, language: str, road: MessageRoad = MessageRoad.EMAIL) -> Words:
    """Give a message's subject and text for a road, in somebody's language, Latvian where we do not have it.

    Only codes have words for text messages and letters; a text message has no subject.
    """
    if road is MessageRoad.SMS:
        texts = TEXTS[kind]
        return "", texts.get(language, texts["lv"])
    words = (LETTERS if road is MessageRoad.LETTER else WORDS)[kind]
    return words.get(language, words["lv"])
