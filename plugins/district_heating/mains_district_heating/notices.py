"""Notices in the utility's own words: what is read at the month's end is hot water and heat, not any meter."""

from mains_spi import NoticeText, NoticeWords

READING_WINDOW_OPENS = NoticeText(
    template="reading_window_opens",
    lv=NoticeWords(
        subject="Karstā ūdens un siltuma skaitītāju rādījumi līdz {closes}",
        text="Labdien, {name}!\n\nNo {opens} līdz {closes} gaidām karstā ūdens un siltuma skaitītāju rādījumus adresē "
        "{address}. Ja tos nesaņemsim, par Jūsu telpām rēķināsim pēc aplēses, un tas ietekmē arī kaimiņu rēķinus.\n",
        sms="Lūdzu, nosūtiet karstā ūdens un siltuma skaitītāju rādījumus adresē {address} līdz {closes}.",
    ),
    en=NoticeWords(
        subject="Readings of hot water and heat by {closes}",
        text="Hello {name},\n\nFrom {opens} until {closes} we expect the readings of the hot water and heat meters at "
        "{address}. Without them your premises are billed on an estimate, which your neighbours' bills feel too.\n",
        sms="Please send the readings of hot water and heat at {address} by {closes}.",
    ),
    ru=NoticeWords(
        subject="Показания счётчиков горячей воды и тепла до {closes}",
        text="Здравствуйте, {name}!\n\nС {opens} по {closes} ждём показания счётчиков горячей воды и тепла по адресу "
        "{address}. Без них Ваши помещения будут рассчитаны по оценке, что скажется и на счетах соседей.\n",
        sms="Пожалуйста, передайте показания счётчиков горячей воды и тепла по адресу {address} до {closes}.",
    ),
)

READING_WINDOW_CLOSES = NoticeText(
    template="reading_window_closes",
    lv=NoticeWords(
        subject="Siltuma rādījumi: {days#zero=atlikušas|one=atlikusi|other=atlikušas} {days} "
        "{days#zero=dienu|one=diena|other=dienas}",
        text="Labdien, {name}!\n\nVēl neesam saņēmuši karstā ūdens un siltuma skaitītāju rādījumus adresē {address}. "
        "Tos pieņemam līdz {closes}.\n",
        sms="Siltuma un karstā ūdens rādījumus adresē {address} pieņemam līdz {closes}; Jūsējo vēl nav.",
    ),
    en=NoticeWords(
        subject="Readings of heat: {days} {days#one=day|other=days} left",
        text="Hello {name},\n\nWe have no readings of hot water and heat at {address} yet. "
        "We take them until {closes}.\n",
        sms="We take readings of heat and hot water at {address} until {closes}; yours are missing.",
    ),
    ru=NoticeWords(
        subject="Показания тепла: {days#one=остался|few=осталось|many=осталось|other=осталось} {days} "
        "{days#one=день|few=дня|many=дней|other=дня}",
        text="Здравствуйте, {name}!\n\nМы ещё не получили показания счётчиков горячей воды и тепла по адресу "
        "{address}. Принимаем их до {closes}.\n",
        sms="Показания тепла и горячей воды по адресу {address} принимаем до {closes}; Ваших ещё нет.",
    ),
)

NOTICE_TEXTS = (READING_WINDOW_OPENS, READING_WINDOW_CLOSES)
