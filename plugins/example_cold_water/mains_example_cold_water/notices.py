"""Notices in the words of the utility, and the topic of its own."""

from mains_spi import Labels, NoticeChannel, NoticeText, NoticeTopic, NoticeWords

READ_PLEASE = NoticeText(
    template="reading_window_opens",
    lv=NoticeWords(
        subject="Lūdzu, nolasiet ūdens skaitītāju līdz {closes}",
        text="Labdien, {name}!\n\nNo {opens} līdz {closes} gaidām Jūsu ūdens skaitītāja rādījumu adresē {address}. "
        "Kamēr tā nav, rēķinu neizrakstām.\n",
        sms="Lūdzu, nosūtiet ūdens skaitītāja rādījumu adresē {address} līdz {closes}.",
    ),
    en=NoticeWords(
        subject="Please read your water meter by {closes}",
        text="Hello {name},\n\nFrom {opens} until {closes} we expect the reading of your water meter at {address}. "
        "Without it we send no invoice.\n",
        sms="Please send the reading of your water meter at {address} by {closes}.",
    ),
    ru=NoticeWords(
        subject="Пожалуйста, снимите показание счётчика воды до {closes}",
        text="Здравствуйте, {name}!\n\nС {opens} по {closes} ждём показание Вашего счётчика воды по адресу {address}. "
        "Пока его нет, счёт не выставляем.\n",
        sms="Пожалуйста, передайте показание счётчика воды по адресу {address} до {closes}.",
    ),
)

FLUSHING = NoticeTopic(
    code="flushing",
    labels=Labels(lv="Tīkla skalošana", en="Flushing of the mains", ru="Промывка сети"),
    about=Labels(
        lv="Kad skalojam ūdensvadu un ūdens īsu laiku var būt duļķains.",
        en="When we flush the mains and water may be cloudy for a while.",
        ru="Когда мы промываем водопровод и вода недолго может быть мутной.",
    ),
    is_refusable=True,
    channels=(NoticeChannel.EMAIL, NoticeChannel.SMS),
)
